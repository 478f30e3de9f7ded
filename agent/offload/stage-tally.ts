// What is counted of an offloaded stage's nodes: as much as its caller sees.
import type { NodeMetrics, Outcome } from "../node/runner.ts";
import type { OffloadedStage } from "./candidate.ts";
import { RecentTimes } from "./recent-times.ts";

interface Counts {
  framesIn: number;
  framesOut: number;
  restarts: number;
}

/** Frames in and times are the whole stage's and are counted at its root; of other nodes, frames out are those that were sent here. Fuel and
 * memory stay where they are used. */
export class StageTally {
  readonly #stage: OffloadedStage;
  readonly #counts: ReadonlyMap<string, Counts>;
  readonly #times = new RecentTimes();
  #maxMs = 0;
  #totalMs = 0;

  constructor(stage: OffloadedStage) {
    this.#stage = stage;
    this.#counts = new Map(stage.nodes.map(({ id }) => [id, { framesIn: 0, framesOut: 0, restarts: 0 }]));
  }

  /** One call's outcome; `serviceMs` is undefined where nobody did it, and for a flush. */
  add({ emissions, failures }: Outcome, serviceMs: number | undefined): void {
    if (serviceMs !== undefined) {
      this.#counts.get(this.#stage.root)!.framesIn += 1;
      this.#times.add(serviceMs);
      this.#maxMs = Math.max(this.#maxMs, serviceMs);
      this.#totalMs += serviceMs;
    }
    for (const { node } of emissions) this.#counts.get(node)!.framesOut += 1;
    for (const { node, code } of failures) {
      const action = this.#stage.nodes.find(({ id }) => id === node)?.action;
      const isKept = action === "skip" && code === "node-bad-input";
      if (code.startsWith("node-") && !isKept) this.#counts.get(node)!.restarts += 1;
    }
  }

  /** A stateful stage began anew elsewhere. */
  restart(): void {
    for (const counts of this.#counts.values()) counts.restarts += 1;
  }

  read(placedOn: string): ReadonlyMap<string, NodeMetrics> {
    const quantile = (share: number) => this.#times.quantile(share) ?? 0;
    const time = {
      p50: quantile(0.5),
      p95: quantile(0.95),
      p99: quantile(0.99),
      max: this.#maxMs,
      total: this.#totalMs,
    };
    const none = { p50: 0, p95: 0, p99: 0, max: 0, total: 0 };
    const rest = { fuel: 0n, memoryPeakBytes: 0, placedOn };
    return new Map(
      [...this.#counts].map(([id, counts]) => [
        id,
        { ...counts, ...rest, time: id === this.#stage.root ? time : none },
      ]),
    );
  }
}
