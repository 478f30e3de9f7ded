// A line of the benchmark's table: what was measured, what it should reach, what it did.
import type { Statistic } from "./statistic.ts";

export interface Row {
  readonly group: string;
  readonly name: string;
  readonly unit: string;
  /** The median, or the single figure. */
  readonly value: number;
  /** p99 for calls, the maximum for few runs. */
  readonly upper?: number;
  readonly min?: number;
  /** What `value` (or `upper`, where `goalUpper` is given) must not exceed; `atLeast` must be reached. */
  readonly goal?: number;
  readonly goalUpper?: number;
  readonly atLeast?: number;
  readonly note?: string;
}

export function rowOf(
  group: string,
  name: string,
  unit: string,
  statistic: Statistic,
  goals: Partial<Row> = {},
): Row {
  const upper = statistic.runs >= 100 ? statistic.p99 : statistic.max;
  return { group, name, unit, value: statistic.p50, upper, min: statistic.min, ...goals };
}

/** Whether the goals are met; undefined without one. */
export function verdict(row: Row): boolean | undefined {
  const checks = [
    row.goal === undefined ? undefined : row.value <= row.goal,
    row.goalUpper === undefined || row.upper === undefined ? undefined : row.upper <= row.goalUpper,
    row.atLeast === undefined ? undefined : row.value >= row.atLeast,
  ].filter((check) => check !== undefined);
  return checks.length === 0 ? undefined : checks.every(Boolean);
}
