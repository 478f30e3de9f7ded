// Sources, sinks and units for the executor's tests.
import type { Graph, GraphUnit } from "../../../agent/executor/graph.ts";
import type { ErrorPolicy } from "../../../agent/node/failure.ts";
import { defaultErrorPolicy } from "../../../agent/node/failure.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import type { FrameSink, FrameSource } from "../../../agent/node/runner.ts";
import { type FakeNode, FakeRunner } from "../../conformance/fake-runner.ts";

export function frameAt(pts: number, port = "out", data: Uint8Array = new Uint8Array(0)): Frame {
  return { port, pts, payload: { kind: "bytes" }, data };
}

/** A source of these frames that counts what was read from it. */
export class ListSource implements FrameSource {
  readonly durationUs?: number;
  readCount = 0;
  isReleased = false;
  readonly #frames: Iterable<Frame>;

  constructor(frames: Iterable<Frame>, durationUs?: number) {
    this.#frames = frames;
    if (durationUs !== undefined) this.durationUs = durationUs;
  }

  async *frames(): AsyncGenerator<Frame> {
    try {
      for (const frame of this.#frames) {
        this.readCount++;
        yield frame;
      }
    } finally {
      this.isReleased = true;
    }
  }
}

/** A source that gives its frames and then waits for its signal. */
export class EndlessSource implements FrameSource {
  isReleased = false;
  readonly #first: readonly Frame[];

  constructor(first: readonly Frame[]) {
    this.#first = first;
  }

  async *frames(signal: AbortSignal): AsyncGenerator<Frame> {
    yield* this.#first;
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    this.isReleased = true;
  }
}

/** Keeps what is written. `gate` is awaited before each frame is taken. */
export class ListSink implements FrameSink {
  readonly frames: Frame[] = [];
  ended: "closed" | "aborted" | undefined;
  readonly #gate: ((frame: Frame) => Promise<void> | undefined) | undefined;

  constructor(gate?: (frame: Frame) => Promise<void> | undefined) {
    this.#gate = gate;
  }

  get pts(): number[] {
    return this.frames.map((frame) => frame.pts);
  }

  async write(frame: Frame): Promise<void> {
    await this.#gate?.(frame);
    this.frames.push(frame);
  }

  async close(): Promise<void> {
    this.ended = "closed";
  }

  async abort(): Promise<void> {
    this.ended = "aborted";
  }
}

export interface UnitOptions {
  readonly inputs?: readonly string[];
  readonly policy?: Partial<ErrorPolicy>;
  readonly window?: number;
  readonly delay?: () => Promise<void> | undefined;
}

export interface FakeUnit extends GraphUnit {
  readonly runner: FakeRunner;
}

/** A unit of one fake node; `create` makes an instance. */
export function unitOf(id: string, create: () => FakeNode, options: UnitOptions = {}): FakeUnit {
  const policy = { ...defaultErrorPolicy, ...options.policy };
  const { window = 1, delay } = options;
  const runner = new FakeRunner({ id, policy, window, create, ...(delay === undefined ? {} : { delay }) });
  return { id, runner, nodes: [{ id, type: "Fake", policy }], inputs: options.inputs ?? ["in"] };
}

/** A unit that answers each frame by a function and keeps nothing. */
export function mapUnit(
  id: string,
  map: (frame: Frame) => readonly Frame[],
  options: UnitOptions = {},
): FakeUnit {
  return unitOf(id, () => ({ process: map }), options);
}

/** A unit that passes every frame on. */
export function passUnit(id: string, options: UnitOptions = {}): FakeUnit {
  return mapUnit(id, (frame) => [{ ...frame, port: "out" }], options);
}

/** A connection from `out` to `in`, or between the ports named as `node.port`. */
export function connect(from: string, to: string, order: number) {
  return { from: refOf(from, "out"), to: refOf(to, "in"), order };
}

function refOf(text: string, defaultPort: string) {
  const [node = "", port = defaultPort] = text.split(".");
  return { node, port };
}

/** source → units in a row → sink. */
export function lineOf(units: readonly FakeUnit[], source: FrameSource, sink: FrameSink): Graph {
  return {
    units,
    connections: units.slice(1).map((unit, i) => connect(units[i]!.id, unit.id, i)),
    sources: [{ node: units[0]!.id, port: "in", source }],
    sinks: [{ node: units.at(-1)!.id, port: "out", sink }],
  };
}
