// The machines that a pipeline's nodes may be placed on: this one, and the peers that were named.
import { toRemoteMediaError } from "../../platform/base/error.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { localPlace } from "../placement/check-placement.ts";
import type { Place } from "../placement/place.ts";
import type { MemberUse } from "./member-use.ts";
import { absentPlace, listPeerPlaces } from "./mesh-places.ts";

/** `peers`: as `--peer` takes them, `ws://host:port` or `host:port`. One that can't be reached is among the places, barred, so that whoever
 * asks why a node isn't there is told. */
export async function findPlaces(
  local: CapabilityStatement,
  peers: readonly string[],
  member: MemberUse | undefined,
): Promise<Place[]> {
  if (member === undefined) return [localPlace(local)];
  const { sockets, mesh } = member;
  const absent = await Promise.all(
    peers.map(async (peer): Promise<Place | undefined> => {
      try {
        await mesh.meet(await sockets.connect(addressOf(peer)));
        return undefined;
      } catch (thrown) {
        return absentPlace(peer, toRemoteMediaError(thrown).message, local);
      }
    }),
  );
  return [localPlace(local), ...listPeerPlaces(mesh), ...absent.filter((place) => place !== undefined)];
}

/** Of a peer as people write it. */
export function addressOf(peer: string): string {
  const plain = peer.replace(/^webrtc:\/\//, "");
  return /^wss?:\/\//.test(plain) ? plain : `ws://${plain.replace(/\/.*$/, "")}`;
}
