// The arithmetic of NUT's times, exact. Web-standard.
import { invalidNut } from "./field-reader.ts";
import type { TimeBase } from "./nut-header.ts";

/** A time from what of it was coded: its low bits near the last one, or all of it.
 * @see https://ffmpeg.org/nut.html, "coded_pts" */
export function fullPts(coded: bigint, last: bigint, shift: number): bigint {
  const range = 1n << BigInt(shift);
  if (coded >= range) return coded - range;
  const mask = range - 1n;
  const least = last - mask / 2n;
  return ((coded - least) & mask) + least;
}

/** A time in another time base, rounded down, as syncpoints are. */
export function rescaleDown(ticks: bigint, from: TimeBase, to: TimeBase): bigint {
  return (ticks * from.numerator * to.denominator) / (from.denominator * to.numerator);
}

/** Microseconds, rounded to the nearest. Throws `input-invalid` beyond safe integers. */
export function ticksToUs(ticks: bigint, { numerator, denominator }: TimeBase): number {
  const doubled = ticks * numerator * 2_000_000n + denominator;
  const divisor = denominator * 2n;
  const quotient = doubled / divisor;
  const us = Number(doubled < 0n && doubled % divisor !== 0n ? quotient - 1n : quotient);
  if (!Number.isSafeInteger(us)) throw invalidNut(`a frame has the time ${us} µs`);
  return us;
}
