// kernelMonotonicMs: the clock that drivers stamp their frames with, which Bun's own clocks are counted differently from.
import { ptr } from "bun:ffi";
import { libc } from "./libc.ts";

const CLOCK_MONOTONIC = 1;

/** CLOCK_MONOTONIC in milliseconds, with fractions. `performance.now()` has the same pace and another start.
 * @see man 2 clock_gettime */
export function kernelMonotonicMs(): number {
  const time = new BigInt64Array(2);
  libc().clock_gettime(CLOCK_MONOTONIC, ptr(time));
  return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
}
