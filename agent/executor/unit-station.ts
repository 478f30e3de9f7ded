// UnitStation: feeds one runner from its merge, keeps its window full, passes its outcomes on in order.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { NodeFailure } from "../node/failure.ts";
import type { Frame } from "../node/frame.ts";
import type { Emission, NodeRunner, Outcome } from "../node/runner.ts";
import { Fifo } from "./fifo.ts";
import { Merge } from "./merge.ts";
import type { OutputPort } from "./output-port.ts";
import type { Scheduler, Station } from "./scheduler.ts";

/** What a unit tells the run. */
export interface UnitEvents {
  onFailure(failure: NodeFailure): void;
  /** The runner can't go on. */
  onBroken(thrown: unknown): void;
}

/** A call whose outcome hasn't been passed on. */
interface Call {
  /** The input's. */
  readonly key: number;
  /** What no later call counts as earlier than: never falls from call to call, as `key` does after a release. */
  readonly low: number;
  /** Of the input. */
  readonly bytes: number;
  readonly isFlush: boolean;
  outcome: Outcome | undefined;
}

/** Ports by node, then by name. A port that nothing is connected to is absent, and its frames are discarded. */
export type OutputPorts = ReadonlyMap<string, ReadonlyMap<string, OutputPort>>;

export class UnitStation implements Station {
  isQueued = false;
  merge = new Merge([]);
  readonly #id: string;
  readonly #runner: NodeRunner;
  readonly #outputs: OutputPorts;
  readonly #ports: readonly OutputPort[];
  readonly #scheduler: Scheduler;
  readonly #events: UnitEvents;
  readonly #maxBytes: number;
  readonly #calls = new Fifo<Call>();
  #callBytes = 0;
  #isFlushing = false;
  #isFinished = false;

  /** Inputs with the runner at one time are at most `maxBytes`, and the one that exceeds it. */
  constructor(
    unit: { id: string; runner: NodeRunner; outputs: OutputPorts; maxBytes: number },
    scheduler: Scheduler,
    events: UnitEvents,
  ) {
    this.#id = unit.id;
    this.#runner = unit.runner;
    this.#outputs = unit.outputs;
    this.#maxBytes = unit.maxBytes;
    this.#ports = [...unit.outputs.values()].flatMap((ports) => [...ports.values()]);
    this.#scheduler = scheduler;
    this.#events = events;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get outputPorts(): readonly OutputPort[] {
    return this.#ports;
  }

  get waitingKey(): number | undefined {
    return this.#hasRoomForCall ? this.merge.waitingKey : undefined;
  }

  wake(): void {
    this.#scheduler.wake(this);
  }

  pump(): void {
    this.#passOn();
    if (this.#isFinished) return;
    this.#callOn();
    if (!this.#hasMergeDownstream) return;
    const low = this.#calls.peek()?.low ?? this.merge.low;
    for (const port of this.#ports) port.announce(low);
  }

  release(): void {
    this.#process(this.merge.release()!);
  }

  get #hasRoomForCall(): boolean {
    return !this.#isFlushing && this.#calls.length < this.#runner.window && this.#callBytes <= this.#maxBytes;
  }

  get #hasMergeDownstream(): boolean {
    for (const port of this.#ports) if (port.hasMergeDownstream) return true;
    return false;
  }

  get #isBlocked(): boolean {
    for (const port of this.#ports) if (port.isBlocked) return true;
    return false;
  }

  /** Passes on the outcomes that are there, in the order of their calls, while the outputs have room. */
  #passOn(): void {
    for (let call = this.#calls.peek(); call?.outcome !== undefined; call = this.#calls.peek()) {
      if (this.#isBlocked) return;
      this.#calls.shift();
      this.#callBytes -= call.bytes;
      for (const failure of call.outcome.failures) this.#events.onFailure(failure);
      if (this.#scheduler.isStopped) return;
      for (const emission of call.outcome.emissions) this.#emit(emission, call);
      if (call.isFlush) this.#finish(call.low);
    }
  }

  #emit(emission: Emission, call: Call): void {
    const ports = this.#outputs.get(emission.node);
    if (ports === undefined) {
      throw new RemoteMediaError(
        "internal",
        `a frame left ${this.#id} by ${emission.node}, which it doesn't hold`,
      );
    }
    ports.get(emission.frame.port)?.emit(emission.frame, call.key, call.low);
  }

  #finish(low: number): void {
    this.#isFinished = true;
    for (const port of this.#ports) port.end(low);
  }

  /** Starts what calls can be started: frames as long as they come, then the flush. */
  #callOn(): void {
    while (this.#hasRoomForCall) {
      const frame = this.merge.take();
      if (frame === undefined) break;
      this.#process(frame);
    }
    if (!this.#isFlushing && this.#calls.length === 0 && this.merge.isEnded) {
      this.#isFlushing = true;
      const { low } = this.merge;
      this.#start({ key: low, low, bytes: 0, isFlush: true, outcome: undefined }, () => this.#runner.flush());
    }
  }

  #process(frame: Frame): void {
    const call = {
      key: this.merge.takenKey,
      low: this.merge.reachedKey,
      bytes: frame.data.byteLength,
      isFlush: false,
      outcome: undefined,
    };
    this.#start(call, () => this.#runner.process(frame));
  }

  #start(call: Call, run: () => Promise<Outcome>): void {
    this.#calls.push(call);
    this.#callBytes += call.bytes;
    this.#scheduler.begin();
    run().then(
      (outcome) => {
        call.outcome = outcome;
        this.wake();
        this.#scheduler.end();
      },
      (thrown: unknown) => {
        this.#events.onBroken(thrown);
        this.#scheduler.end();
      },
    );
  }
}
