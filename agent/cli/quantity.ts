// Numbers with their units, as people read them.

/** `0.012`, `1.34`, `250`: three digits that say something. */
export function formatMs(ms: number): string {
  if (ms >= 100) return ms.toFixed(0);
  return ms >= 1 ? ms.toPrecision(3) : ms.toFixed(3);
}

/** `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** A duration: `450 ms`, `1.24 s`, `3:05`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)} s`;
  return formatPosition(ms * 1000, 0);
}

/** A position in time, `1:02:03.4`: the hours only where there are some. */
export function formatPosition(us: number, decimals = 1): string {
  const sign = us < 0 ? "-" : "";
  const seconds = Math.floor((Math.abs(us) / 1e6) * 10 ** decimals) / 10 ** decimals;
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds % 60).toFixed(decimals).padStart(decimals === 0 ? 2 : decimals + 3, "0");
  if (minutes < 60) return `${sign}${minutes}:${rest}`;
  return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** `1 frame`, `3 frames`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
