// Which devices may be asked at all: opening others can do things, a watchdog's for one.

export type DeviceKind = "video" | "pcm";

/** The kind of the device at a path; undefined for any that must not be opened. */
export function deviceKindOf(path: string): DeviceKind | undefined {
  if (/^\/dev\/video\d{1,3}$/.test(path)) return "video";
  if (/^\/dev\/snd\/pcmC\d{1,3}D\d{1,3}[cp]$/.test(path)) return "pcm";
  return undefined;
}
