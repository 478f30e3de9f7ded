// The machines that a pipeline's nodes may be placed on: this one, and the peers that were named.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { localPlace } from "../placement/check-placement.ts";
import type { Place } from "../placement/place.ts";

/** `peers`: as `--peer` takes them.
 * @throws RemoteMediaError `placement-impossible` */
export async function findPlaces(
  local: () => Promise<CapabilityStatement>,
  peers: readonly string[],
): Promise<Place[]> {
  const [peer] = peers;
  if (peer === undefined) return [localPlace(await local())];
  throw new RemoteMediaError(
    "placement-impossible",
    `the peer ${peer} can't be reached: this version has no mesh`,
    { hint: "leave --peer out: every node then runs on this machine" },
  );
}
