// Numbers of facts as a statement has them: finite, within bounds, sizes in GiB.

const bytesInGib = 2 ** 30;

/** In GiB, rounded down to two decimals; null where unknown or absurd. */
export function gibibytes(bytes: number | undefined): number | null {
  const known = within(bytes, 0, 1e9 * bytesInGib);
  return known === null ? null : Math.floor((known / bytesInGib) * 100) / 100;
}

/** A whole number from 0 to `most`. */
export function whole(value: number, most: number): number {
  return Math.floor(Math.min(Math.max(Number.isNaN(value) ? 0 : value, 0), most));
}

/** The number itself where it is between both, without JSON's odd one out, -0; null elsewhere. */
export function within(value: number | undefined, least: number, most: number): number | null {
  return value !== undefined && value >= least && value <= most ? value + 0 : null;
}
