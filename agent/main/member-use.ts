// What running pipelines need of this device's part in a mesh.
import type { CapabilityStatement } from "../capability/statement.ts";
import type { Identity } from "../mesh/identity.ts";
import type { Mesh } from "../mesh/open-mesh.ts";
import type { SocketSignalling } from "../mesh/socket-signalling.ts";

export interface MemberUse {
  readonly identity: Identity;
  readonly mesh: Mesh;
  readonly sockets: SocketSignalling;
  /** Of this machine, as it is now. */
  readonly statement: () => CapabilityStatement;
  /** Peers that are asked to run this package may have its parts from here. */
  offer(digest: string): void;
}
