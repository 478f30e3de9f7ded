// Medians and spread of repeated measurements.

export interface Statistic {
  readonly runs: number;
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Nearest-rank quantiles. `values` is not empty. */
export function summarise(values: readonly number[]): Statistic {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { runs: sorted.length, min: sorted[0]!, p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! };
}

/** Microseconds that each of `runs` calls takes, after a warm-up of a tenth as many. */
export async function timeCalls(
  runs: number,
  call: (index: number) => Promise<unknown> | unknown,
): Promise<Statistic> {
  for (let index = 0; index < Math.ceil(runs / 10); index++) await call(index);
  const times: number[] = [];
  for (let index = 0; index < runs; index++) {
    const started = performance.now();
    await call(index);
    times.push((performance.now() - started) * 1000);
  }
  return summarise(times);
}
