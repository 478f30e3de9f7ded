// A MediaCapture that plays NUT streams on the virtual clock, and a context to open sources in.
import type { NativeContext, NativeDevices, NativeEvent } from "../../../../agent/native/node-type.ts";
import type { NutPayload } from "../../../../agent/native/nut/nut-stream.ts";
import { NutWriter } from "../../../../agent/native/nut/nut-writer.ts";
import { RemoteMediaError } from "../../../../platform/base/error.ts";
import type { ErrorCode } from "../../../../platform/base/error-codes.ts";
import type {
  Capture,
  CaptureRequest,
  CaptureTimes,
  MediaCapture,
} from "../../../../platform/contract/media-capture.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** One capture. */
export interface Take {
  readonly streams?: readonly NutPayload[];
  /** `timeUs` on the session's own clock, given when the run's clock stands at `atMs`. */
  readonly packets?: readonly {
    readonly atMs: number;
    readonly timeUs: number;
    readonly stream?: number;
    readonly data: Uint8Array;
  }[];
  /** Instead of a NUT. */
  readonly garbage?: Uint8Array;
  /** After the last packet; `silence` until the signal. */
  readonly end?: "end" | "silence" | ErrorCode;
}

export const noDevices: NativeDevices = { cameras: [], microphones: [], speakers: [], hardwareCodecs: [] };

export class FakeStudio implements MediaCapture {
  readonly clock = new VirtualClock();
  readonly requests: CaptureRequest[] = [];
  readonly events: NativeEvent[] = [];
  devices: NativeDevices = noDevices;
  running = 0;
  readonly #times: CaptureTimes;
  readonly #takes: readonly Take[];

  constructor(times: CaptureTimes, ...takes: readonly Take[]) {
    this.#times = times;
    this.#takes = takes;
  }

  context(...wanted: readonly string[]): NativeContext {
    return {
      node: "eye",
      wanted: new Set(wanted),
      capture: this,
      encoder: { open: () => Promise.reject() as never },
      clock: this.clock,
      devices: async () => this.devices,
      deviceChange: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
      onEvent: (event) => void this.events.push(event),
    };
  }

  capture(request: CaptureRequest, signal: AbortSignal): Capture {
    const take = this.#takes[this.requests.length] ?? {};
    this.requests.push(request);
    return { times: this.#times, bytes: this.#play(take, signal) };
  }

  async *#play(
    { streams, packets = [], garbage, end = "silence" }: Take,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    this.running++;
    try {
      if (garbage !== undefined) yield garbage;
      if (streams !== undefined) {
        const writer = new NutWriter(streams);
        yield writer.header();
        for (const { atMs, timeUs, stream = 0, data } of packets) {
          await this.clock.sleep(atMs - this.clock.nowUs() / 1000, signal);
          if (signal.aborted) return;
          const [head, body] = writer.packet(stream, timeUs, data);
          yield head;
          yield body;
        }
      }
      if (end === "silence") await this.clock.sleep(1e9, signal);
      else if (end !== "end") throw new RemoteMediaError(end, "so it was played");
    } finally {
      this.running--;
    }
  }
}

/** A small picture, all of one brightness. */
export const tiny: NutPayload = { kind: "video", width: 16, height: 16, format: "gray8" };
export function picture(luma: number): Uint8Array {
  return new Uint8Array(256).fill(luma);
}
