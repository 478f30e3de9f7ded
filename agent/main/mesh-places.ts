// The members of a mesh as places for nodes.
import type { CapabilityStatement } from "../capability/statement.ts";
import { mayAct } from "../mesh/access.ts";
import type { Mesh, PeerEntry } from "../mesh/open-mesh.ts";
import type { Place } from "../placement/place.ts";
import type { PeerSession } from "../protocol/peer-session.ts";

/** Those that there is a session with: what others have nobody has proven. */
export function listPeerPlaces(mesh: Mesh): Place[] {
  return mesh
    .peers()
    .flatMap((entry) => (entry.session === undefined ? [] : [peerPlace(entry, entry.session)]));
}

function peerPlace({ device, name, roles, via }: PeerEntry, session: PeerSession): Place {
  return {
    id: device,
    name,
    statement: withLoad(session),
    rttMs: session.rttMs,
    bytesPerSecond: undefined,
    addresses: via.flatMap((way) => /^wss?:\/\/([^/]+)/.exec(way)?.[1] ?? []),
    ...(mayAct("serve", roles) ? {} : { barred: "its membership doesn't let it run nodes for others" }),
    price: session.statement.price,
  };
}

/** What it said last of how busy it is. */
function withLoad({ statement, load }: PeerSession): CapabilityStatement {
  if (load === undefined) return statement;
  const { cpu, memory, sessions, queueMs } = load;
  return { ...statement, load: { cpu, memory, sessions, queue_ms: queueMs } };
}

/** A machine that was named and isn't there: it is told of, and never chosen. */
export function absentPlace(name: string, why: string, like: CapabilityStatement): Place {
  return {
    id: name,
    name,
    statement: { ...like, device: name, node_types: [], wit: [] },
    rttMs: undefined,
    bytesPerSecond: undefined,
    addresses: [],
    barred: why,
  };
}
