// BatchRunner: a stage of several nodes whose outcomes settle late, and several at once, as a seed has it.
import type { Frame } from "../../../agent/node/frame.ts";
import type { Emission, NodeMetrics, NodeRunner, Outcome } from "../../../agent/node/runner.ts";

/** Numbers below `below`, the same for the same seed. */
export type Dice = (below: number) => number;

export function diceOf(seed: number): Dice {
  let state = seed | 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 16) % below;
  };
}

/** A turn of the event loop or a few of its microtasks, or nothing. */
export async function pause(dice: Dice): Promise<void> {
  if (dice(8) === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let count = dice(6); count > 0; count--) await Promise.resolve();
}

export interface BatchNodes {
  process(frame: Frame): readonly Emission[];
  flush(): readonly Emission[];
}

export class BatchRunner implements NodeRunner {
  readonly window: number;
  readonly #nodes: BatchNodes;
  readonly #dice: Dice;
  readonly #pending: { run: () => readonly Emission[]; settled: PromiseWithResolvers<Outcome> }[] = [];
  #isSettling = false;

  constructor(window: number, nodes: BatchNodes, dice: Dice) {
    this.window = window;
    this.#nodes = nodes;
    this.#dice = dice;
  }

  async open(): Promise<void> {}

  process(frame: Frame): Promise<Outcome> {
    return this.#call(() => this.#nodes.process(frame));
  }

  flush(): Promise<Outcome> {
    return this.#call(() => this.#nodes.flush());
  }

  async close(): Promise<void> {}

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  metrics(): ReadonlyMap<string, NodeMetrics> {
    return new Map();
  }

  #call(run: () => readonly Emission[]): Promise<Outcome> {
    const settled = Promise.withResolvers<Outcome>();
    this.#pending.push({ run, settled });
    if (!this.#isSettling) void this.#settle();
    return settled.promise;
  }

  /** Settles what is there by then, in order: one outcome, some, or all. */
  async #settle(): Promise<void> {
    this.#isSettling = true;
    while (this.#pending.length > 0) {
      await pause(this.#dice);
      for (const { run, settled } of this.#pending.splice(0, 1 + this.#dice(this.window))) {
        settled.resolve({ emissions: run(), failures: [] });
      }
    }
    this.#isSettling = false;
  }
}
