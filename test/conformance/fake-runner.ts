// FakeRunner: a NodeRunner over plain functions, for tests of whatever uses runners.
import type { ErrorPolicy, FailureCode, NodeFailure } from "../../agent/node/failure.ts";
import { defaultErrorPolicy } from "../../agent/node/failure.ts";
import type { Frame } from "../../agent/node/frame.ts";
import type { NodeMetrics, NodeRunner, Outcome } from "../../agent/node/runner.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";

/** One instance of a node. Throwing a RemoteMediaError fails the call with its code, anything else is a trap. */
export interface FakeNode {
  process(frame: Frame): readonly Frame[];
  flush?(): readonly Frame[];
}

export interface FakeRunnerOptions {
  readonly id: string;
  readonly type?: string;
  readonly policy?: ErrorPolicy;
  /** Default 1. */
  readonly window?: number;
  /** Makes a fresh instance; throws to refuse the params. */
  readonly create: () => FakeNode;
  /** Awaited before each call, in the order of the calls. */
  readonly delay?: () => Promise<void> | undefined;
}

export class FakeRunner implements NodeRunner {
  readonly window: number;
  isOpen = false;
  isClosed = false;
  isFlushed = false;
  readonly #options: FakeRunnerOptions;
  readonly #closing = Promise.withResolvers<never>();
  #node: FakeNode | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #consecutive = 0;
  #framesIn = 0;
  #framesOut = 0;
  #restarts = 0;

  constructor(options: FakeRunnerOptions) {
    this.#options = options;
    this.window = options.window ?? 1;
    this.#closing.promise.catch(() => {});
  }

  async open(): Promise<void> {
    this.#node = this.#options.create();
    this.isOpen = true;
  }

  process(input: Frame): Promise<Outcome> {
    return this.#enqueue(() => {
      this.#framesIn++;
      return this.#call(input.pts, (node) => node.process(input));
    });
  }

  flush(): Promise<Outcome> {
    this.isFlushed = true;
    return this.#enqueue(() => this.#call(undefined, (node) => node.flush?.() ?? []));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.#closing.reject(new RemoteMediaError("node-killed", `${this.#options.id} was closed`));
  }

  metrics(): ReadonlyMap<string, NodeMetrics> {
    const metrics: NodeMetrics = {
      framesIn: this.#framesIn,
      framesOut: this.#framesOut,
      restarts: this.#restarts,
      time: { p50: 0, p95: 0, p99: 0, max: 0, total: 0 },
      fuel: 0n,
      memoryPeakBytes: 0,
      placedOn: "local",
    };
    return new Map([[this.#options.id, metrics]]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #enqueue(call: () => Outcome): Promise<Outcome> {
    if (this.isClosed) return this.#closing.promise;
    const turn = this.#tail
      .then(() => this.#options.delay?.())
      .then(() => (this.isClosed ? this.#closing.promise : call()));
    this.#tail = turn.catch(() => {});
    return Promise.race([this.#closing.promise, turn]);
  }

  #call(framePts: number | undefined, enter: (node: FakeNode) => readonly Frame[]): Outcome {
    try {
      const frames = enter(this.#node!);
      this.#framesOut += frames.length;
      this.#consecutive = 0;
      return { emissions: frames.map((frame) => ({ node: this.#options.id, frame })), failures: [] };
    } catch (thrown) {
      return { emissions: [], failures: [this.#fail(thrown, framePts)] };
    }
  }

  #fail(thrown: unknown, framePts: number | undefined): NodeFailure {
    const code = thrown instanceof RemoteMediaError ? (thrown.code as FailureCode) : "node-trap";
    const { action } = this.#options.policy ?? defaultErrorPolicy;
    if (action !== "skip" || code !== "node-bad-input") {
      this.#node = this.#options.create();
      this.#restarts++;
    }
    this.#consecutive++;
    return {
      node: this.#options.id,
      nodeType: this.#options.type ?? "Fake",
      code,
      message: thrown instanceof Error ? thrown.message : String(thrown),
      framePts,
      consecutive: this.#consecutive,
    };
  }
}
