// The benchmark's table for people.
import { type Row, verdict } from "./row.ts";

export function printTable(rows: readonly Row[]): void {
  const cells = rows.map((row) => [
    row.group,
    row.name,
    figure(row.value),
    spread(row),
    row.unit,
    goal(row),
    told(verdict(row)),
  ]);
  const head = ["", "what", "median", "min to p99", "unit", "goal", ""];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]!.length)),
  );
  for (const line of [head, ...cells]) {
    const texts = line.map((cell, column) =>
      column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
    );
    console.log(texts.join("  ").trimEnd());
  }
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

function spread({ min, upper }: Row): string {
  return min === undefined || upper === undefined ? "" : `${figure(min)} to ${figure(upper)}`;
}

function goal(row: Row): string {
  if (row.atLeast !== undefined) return `≥ ${row.atLeast}`;
  if (row.goal === undefined) return "";
  return row.goalUpper === undefined || row.goalUpper === row.goal
    ? `≤ ${row.goal}`
    : `≤ ${row.goal}, p99 ≤ ${row.goalUpper}`;
}

function told(met: boolean | undefined): string {
  if (met === undefined) return "";
  return met ? "ok" : "MISSED";
}
