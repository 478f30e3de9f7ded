// Which place a manifest's `host` means.
import type { Place } from "./place.ts";

/** The places that `host` names: a device id, a name, `host:port` or `webrtc://host:port/pipeline`. An id is one place's own; else every
 * place of that name or address is given, for the caller to refuse where there are several: a name alone must never choose between
 * two machines. A host without a port means an address by its host, where nothing is called so. */
export function matchHost(host: string, places: readonly Place[]): readonly Place[] {
  const wanted = host.replace(/^webrtc:\/\//, "").replace(/\/[^/]*$/, "");
  const byId = places.filter(({ id }) => id === wanted);
  if (byId.length > 0) return byId;
  const named = places.filter(({ name, addresses }) => name === wanted || addresses.includes(wanted));
  if (named.length > 0) return named;
  return places.filter(({ addresses }) => addresses.some((address) => hostOf(address) === wanted));
}

function hostOf(address: string): string {
  return address.replace(/:\d{1,5}$/, "");
}
