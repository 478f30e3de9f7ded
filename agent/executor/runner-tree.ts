// RunnerTree: several runners that feed each other, as one: what a stage at a peer is, where its nodes can't share one child.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { NodeFailure } from "../node/failure.ts";
import type { Frame } from "../node/frame.ts";
import type { Emission, NodeMetrics, NodeRunner, Outcome } from "../node/runner.ts";
import type { PortRef } from "./graph.ts";

/** A runner of the tree. All but the first are fed by one output of one before them. */
export interface TreeBranch {
  readonly runner: NodeRunner;
  /** Absent for the first, which gets the tree's own frames. */
  readonly feed?: { readonly from: PortRef; readonly port: string };
}

/** What one call has led to so far, in the tree's order. */
interface Harvest {
  readonly emissions: Emission[];
  readonly failures: NodeFailure[];
}

/** A branch with the calls that its window has no room for yet. */
class Station {
  readonly runner: NodeRunner;
  readonly feed: TreeBranch["feed"];
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  constructor({ runner, feed }: TreeBranch) {
    this.runner = runner;
    this.feed = feed;
  }

  takes({ node, frame }: Emission): boolean {
    return this.feed?.from.node === node && this.feed.from.port === frame.port;
  }

  /** Outcomes settle in the order of the calls. */
  async process(frame: Frame): Promise<Outcome> {
    if (this.#inFlight >= this.runner.window || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#inFlight += 1;
    const call = this.runner.process(frame);
    try {
      return await call;
    } finally {
      this.#inFlight -= 1;
      this.#waiting.shift()?.();
    }
  }
}

/** Emissions of a call come depth first: each is followed by what it led to further down. */
export class RunnerTree implements NodeRunner {
  readonly #stations: readonly Station[];
  readonly #wanted: ReadonlySet<string>;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** `branches`: each after the one that feeds it. `wanted` holds `node.port` of what leaves the tree; other emissions stay in it. */
  constructor(branches: readonly TreeBranch[], wanted: ReadonlySet<string>) {
    if (branches.length === 0) throw new RemoteMediaError("internal", "a tree has no runner");
    this.#stations = branches.map((branch) => new Station(branch));
    this.#wanted = wanted;
  }

  get window(): number {
    return this.#root.runner.window;
  }

  get #root(): Station {
    return this.#stations[0]!;
  }

  async open(): Promise<void> {
    const opened = await Promise.allSettled(this.#stations.map(({ runner }) => runner.open()));
    const refused = opened.find((result) => result.status === "rejected");
    if (refused === undefined) return;
    await this.close();
    throw refused.reason;
  }

  process(input: Frame): Promise<Outcome> {
    const harvest = this.#follow(this.#root, input);
    // A call that led nowhere must not overtake one whose frames are still on their way down.
    return this.#inTurn(harvest);
  }

  flush(): Promise<Outcome> {
    return this.#inTurn(this.#flushAll());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = await Promise.allSettled(this.#stations.map(({ runner }) => runner.close()));
    const failed = closed.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  metrics(): ReadonlyMap<string, NodeMetrics> {
    return new Map(this.#stations.flatMap(({ runner }) => [...runner.metrics()]));
  }

  async #inTurn(harvest: Promise<Harvest>): Promise<Outcome> {
    const before = this.#last;
    const mine = harvest.then(async (gathered) => {
      await before;
      return gathered;
    });
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #follow(station: Station, frame: Frame): Promise<Harvest> {
    if (this.#isClosed) throw new RemoteMediaError("internal", "the stage is closed");
    return this.#spread(await station.process(frame));
  }

  /** Hands the emissions on, at once and in order, and gathers what comes of them. */
  async #spread({ emissions, failures }: Outcome): Promise<Harvest> {
    const parts = emissions.map(async (emission): Promise<Harvest> => {
      const taken = this.#stations
        .filter((station) => station.takes(emission))
        .map((station) => this.#follow(station, { ...emission.frame, port: station.feed!.port }));
      const below = await Promise.all(taken);
      const isWanted = this.#wanted.has(`${emission.node}.${emission.frame.port}`);
      return {
        emissions: [...(isWanted ? [emission] : []), ...below.flatMap((part) => part.emissions)],
        failures: below.flatMap((part) => part.failures),
      };
    });
    const gathered = await Promise.all(parts);
    return {
      emissions: gathered.flatMap((part) => part.emissions),
      failures: [...failures, ...gathered.flatMap((part) => part.failures)],
    };
  }

  /** Each after all that feed it, so that nothing comes behind its flush. */
  async #flushAll(): Promise<Harvest> {
    await this.#last;
    const harvest: Harvest = { emissions: [], failures: [] };
    for (const { runner } of this.#stations) {
      const part = await this.#spread(await runner.flush());
      harvest.emissions.push(...part.emissions);
      harvest.failures.push(...part.failures);
    }
    return harvest;
  }
}
