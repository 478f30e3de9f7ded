// What the serving side needs of this machine: runners for stages that peers ask for.
import type { NodeRunner } from "../node/runner.ts";
import type { Open } from "../protocol/control-message.ts";
import type { PeerIdentity } from "../protocol/peer-session.ts";
import type { BlobTaker } from "./take-blobs.ts";

/** What a peer asks for. All of it is attacker-controlled, but who asks. */
export interface StageRequest extends Pick<Open, "manifest" | "root" | "wanted" | "package"> {
  readonly caller: PeerIdentity;
  /** The package's parts, from the one who asks. Nobody has hashed them. */
  readonly fetch: BlobTaker;
}

export interface StageHost {
  /** A runner of that stage, under the lower of both sides' limits; not opened. `signal`: nobody wants it any more.
   * @throws RemoteMediaError why it can't be run here; its code and message go to the peer */
  makeStage(request: StageRequest, signal: AbortSignal): Promise<NodeRunner>;
}
