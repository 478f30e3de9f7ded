// A device that follows a script on the virtual clock, and somebody who takes what a source gives.
import type { LiveSession } from "../../../../agent/native/live/live-session.ts";
import { type LivePolicy, openLiveSource } from "../../../../agent/native/live/live-source.ts";
import type { NativeEvent } from "../../../../agent/native/node-type.ts";
import type { Frame } from "../../../../agent/node/frame.ts";
import { type FrameSource, isTimeMark, type TimeMark } from "../../../../agent/node/runner.ts";
import { RemoteMediaError } from "../../../../platform/base/error.ts";
import type { ErrorCode } from "../../../../platform/base/error-codes.ts";
import type { CaptureTimes } from "../../../../platform/contract/media-capture.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** One time that the device is opened. */
export interface ScriptedSession {
  /** Fails to open, after `openMs`. */
  readonly refuse?: ErrorCode | undefined;
  readonly openMs?: number;
  readonly times?: CaptureTimes;
  /** Milliseconds to each frame from the one before, and its port. */
  readonly frames?: readonly { readonly afterMs: number; readonly port?: string }[];
  /** After the last frame. `stall` says nothing any more. */
  readonly end: "end" | "stall" | ErrorCode;
}

/** So many frames, so far apart. */
export function steady(count: number, everyMs: number, port = "out") {
  return Array.from({ length: count }, () => ({ afterMs: everyMs, port }));
}

export const policy: LivePolicy = {
  reconnect: true,
  isEndless: true,
  stallMs: 5000,
  openingMs: 8000,
  latencyMs: 500,
};

export class FakeDevice {
  readonly clock = new VirtualClock();
  readonly events: NativeEvent[] = [];
  /** When each opening began, in milliseconds. */
  readonly openings: number[] = [];
  /** How many sessions hold the device now: never more than one. */
  held = 0;
  /** How many wait for a change. */
  watched = 0;
  /** Frames that were made. */
  made = 0;
  #change = Promise.withResolvers<void>();
  readonly #script: readonly ScriptedSession[];

  /** After its script it stays silent. */
  constructor(...script: ScriptedSession[]) {
    this.#script = script;
  }

  source(changed: Partial<LivePolicy> = {}, ports = ["out"], frames = 2): FrameSource {
    const bounds = { frames, bytes: 1e9, durationUs: 1e9 };
    return openLiveSource({
      node: "camera",
      what: () => "the camera",
      policy: { ...policy, ...changed },
      queues: Object.fromEntries(ports.map((port) => [port, bounds])),
      clock: this.clock,
      openSession: (signal) => this.#open(signal),
      deviceChange: (signal) => this.#changed(signal),
      onEvent: (event) => void this.events.push(event),
      random: () => 0.5,
    });
  }

  /** Tells those who wait that devices came or went. */
  change(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  async #changed(signal: AbortSignal): Promise<void> {
    this.watched++;
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => aborted.resolve(), { once: true });
    if (!signal.aborted) await Promise.race([this.#change.promise, aborted.promise]);
    this.watched--;
  }

  async #open(signal: AbortSignal): Promise<LiveSession> {
    const script = this.#script[this.openings.length] ?? { end: "stall" };
    this.openings.push(this.clock.nowUs() / 1000);
    await this.clock.sleep(script.openMs ?? 0, signal);
    if (script.refuse !== undefined) throw new RemoteMediaError(script.refuse, "so the script says");
    return { times: script.times ?? "monotonic", frames: this.#play(script, signal) };
  }

  async *#play(script: ScriptedSession, signal: AbortSignal): AsyncGenerator<Frame> {
    this.held++;
    try {
      for (const { afterMs, port = "out" } of script.frames ?? []) {
        await this.clock.sleep(afterMs, signal);
        if (signal.aborted) return;
        const pts = this.clock.nowUs() + (script.times === "stream" ? 777 : this.clock.monotonicStartUs);
        yield { port, pts, payload: { kind: "bytes" }, data: new Uint8Array([this.made++ & 255, 0]) };
      }
      if (script.end === "stall") await this.clock.sleep(1e9, signal);
      else if (script.end !== "end") throw new RemoteMediaError(script.end, "so the script says");
    } finally {
      this.held--;
    }
  }
}

/** Takes what a source gives, each after a while. */
export class Taker {
  readonly frames: Frame[] = [];
  readonly marks: TimeMark[] = [];
  /** Frames as `port@pts` and marks as `port≥mark`, both in milliseconds. */
  readonly seen: string[] = [];
  readonly abort = new AbortController();
  /** Resolves to what the source threw. */
  readonly ended: Promise<unknown>;

  constructor(source: FrameSource, clock: VirtualClock, takesMs = 0) {
    this.ended = this.#take(source, clock, takesMs).catch((thrown: unknown) => thrown);
  }

  async #take(source: FrameSource, clock: VirtualClock, takesMs: number): Promise<void> {
    for await (const given of source.frames(this.abort.signal)) {
      if (isTimeMark(given)) this.marks.push(given);
      else this.frames.push(given);
      this.seen.push(
        isTimeMark(given) ? `${given.port}≥${given.mark / 1000}` : `${given.port}@${given.pts / 1000}`,
      );
      if (takesMs > 0) await clock.sleep(takesMs, this.abort.signal);
    }
  }
}
