// What runs at a simulated place: takes virtual time, one call after the other, and marks what it gives with who gave it.
import type { Frame } from "../../../agent/node/frame.ts";
import type { NodeRunner, Outcome } from "../../../agent/node/runner.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Timers } from "../../../platform/contract/timers.ts";

let instances = 0;

/** A result's data: the frame's own number, the instance that made it, and the how manieth of that instance it is. A flush's number is `flushMark`. */
export interface Mark {
  readonly number: number;
  readonly instance: number;
  readonly count: number;
}

export const flushMark = 0xffff_ffff;

export function numberedFrame(number: number, bytes = 4): Frame {
  const data = new Uint8Array(Math.max(4, bytes));
  new DataView(data.buffer).setUint32(0, number, true);
  return { port: "in", pts: number * 1000, payload: { kind: "bytes" }, data };
}

export function readMark(data: Uint8Array): Mark {
  const view = new DataView(data.buffer, data.byteOffset);
  return {
    number: view.getUint32(0, true),
    instance: view.getUint32(4, true),
    count: view.getUint32(8, true),
  };
}

export class SimulatedRunner implements NodeRunner {
  readonly window = 8;
  readonly #timers: Timers;
  readonly #serviceMs: () => number;
  /** Whether a flush gives a frame. */
  readonly #isHolding: boolean;
  #instance = 0;
  #count = 0;
  #freeMs = 0;
  #isClosed = false;

  constructor(timers: Timers, serviceMs: () => number, isHolding: boolean) {
    this.#timers = timers;
    this.#serviceMs = serviceMs;
    this.#isHolding = isHolding;
  }

  async open(): Promise<void> {
    instances += 1;
    this.#instance = instances;
  }

  process(frame: Frame): Promise<Outcome> {
    return this.#after(() => this.#outcome(new DataView(frame.data.buffer, frame.data.byteOffset), frame));
  }

  flush(): Promise<Outcome> {
    const mark = new DataView(numberedFrame(flushMark).data.buffer);
    return this.#after(() => (this.#isHolding ? this.#outcome(mark) : { emissions: [], failures: [] }));
  }

  #outcome(view: DataView, frame: Frame = numberedFrame(flushMark)): Outcome {
    this.#count += 1;
    const data = new Uint8Array(12);
    const out = new DataView(data.buffer);
    out.setUint32(0, view.getUint32(0, true), true);
    out.setUint32(4, this.#instance, true);
    out.setUint32(8, this.#count, true);
    return {
      emissions: [{ node: "node", frame: { port: "out", pts: frame.pts, payload: { kind: "bytes" }, data } }],
      failures: [],
    };
  }

  #after(act: () => Outcome): Promise<Outcome> {
    if (this.#isClosed) return Promise.reject(new RemoteMediaError("internal", "closed"));
    const nowMs = this.#timers.monotonicMs();
    this.#freeMs = Math.max(nowMs, this.#freeMs) + this.#serviceMs();
    return new Promise((resolve) => {
      this.#timers.after(this.#freeMs - nowMs, () => {
        if (!this.#isClosed) resolve(act());
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  metrics() {
    return new Map();
  }
}
