// Why each node is where it is, as rows for people and as JSON for programs.
import { printable } from "../../platform/base/printable.ts";
import type { Assignment, ConsideredPlace } from "./place.ts";

/** One place that was considered for one node. */
export interface PlacementRow {
  /** The node on the first of its rows, which is the chosen place's; empty on the others. */
  readonly node: string;
  readonly place: string;
  readonly verdict: ConsideredPlace["verdict"];
  /** `12.3 ms`, or empty where it is refused. */
  readonly score: string;
  readonly because: string;
}

/** A row for each node and each place: the chosen one first, the fallbacks in the order in which they would be tried, the refused. */
export function explainPlacement({ decisions }: Assignment): PlacementRow[] {
  return [...decisions.values()].flatMap(({ node, considered }) =>
    considered.map((one, at) => ({
      node: at === 0 ? node : "",
      place: nameOf(one, considered),
      verdict: one.verdict,
      score: one.score === undefined ? "" : `${round(one.score.ms)} ms`,
      because: one.reasons.map((reason) => printable(reason, 300)).join("; "),
    })),
  );
}

/** The same for programs; `place` is `local` or the device id. */
export function describePlacement({ decisions }: Assignment): object[] {
  return [...decisions.values()].map(({ node, place, considered }) => ({
    node,
    place,
    considered: considered.map(({ score, times, ...one }) => ({
      place: one.place,
      name: printable(one.name, 64),
      verdict: one.verdict,
      ...(score === undefined ? {} : { score_ms: round(score.ms), rank: score.rank }),
      ...(times === undefined
        ? {}
        : {
            times_ms: {
              compute: round(times.computeMs),
              compute_is: times.known,
              queue: round(times.queueMs),
              there: round(times.thereMs),
              back: round(times.backMs),
            },
          }),
      reasons: one.reasons.map((reason) => printable(reason, 300)),
    })),
  }));
}

/** What people call it; with its id where that would be two, or pass for this machine. */
function nameOf({ place, name }: ConsideredPlace, all: readonly ConsideredPlace[]): string {
  if (place === "local") return place;
  const line = printable(name, 64);
  const isPlain = line !== "" && line !== "local" && all.filter((other) => other.name === name).length === 1;
  return isPlain ? line : `${line} (${place})`.trim();
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
