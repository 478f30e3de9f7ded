// SyntheticSource: pictures and sound that are computed, at the pace of a device or as fast as they are taken.
import type { Frame } from "../../node/frame.ts";
import type { FrameSource, SourceMetrics, TimeMark } from "../../node/runner.ts";
import type { NativeNodeType, PipelineClock } from "../node-type.ts";
import { TestPicture } from "../synthetic/test-picture.ts";
import { testSound } from "../synthetic/test-sound.ts";
import { readParams } from "./read-params.ts";
import { type SyntheticParams, syntheticDescriptor, syntheticParams } from "./synthetic-params.ts";

/** Waits that are longer than this say by a mark until when nothing comes. */
const quietUs = 100_000;
/** Sound is dropped only when it is so late: it must not lose what a short delay can bring. */
const soundPatienceUs = 1_000_000;

export const syntheticSource: NativeNodeType = {
  descriptor: syntheticDescriptor,
  async openSource(given, { node, wanted, clock }) {
    const params = readParams(syntheticParams, given, node);
    const lanes = [
      ...(wanted.has("video") ? [pictureLane(params)] : []),
      ...(wanted.has("audio") ? [soundLane(params)] : []),
    ];
    return new SyntheticSource(params, lanes, clock);
  },
};

/** One output: its frames by number. Times count from the source's beginning, in microseconds. */
interface Lane {
  readonly port: string;
  ptsOf(count: number): number;
  /** When a device would have the frame. */
  dueOf(count: number): number;
  /** The newest frame that is due. */
  newestAt(us: number): number;
  readonly patienceUs: number;
  make(count: number): Pick<Frame, "payload" | "data">;
  next: number;
}

function pictureLane({ width, height, pixels, fps, start_at }: SyntheticParams): Lane {
  const picture = new TestPicture({ width, height, format: pixels });
  const payload = { kind: "video", width, height, format: pixels } as const;
  const ptsOf = (count: number) => Math.round((count * 1e6) / fps);
  return {
    port: "video",
    ptsOf,
    dueOf: ptsOf,
    newestAt: (us) => Math.floor((us * fps) / 1e6),
    patienceUs: 0,
    make: (count) => ({ payload, data: picture.draw(start_at + count, ptsOf(count)) }),
    next: 0,
  };
}

function soundLane({ signal, sample_rate: rate, channels, format, frame_ms }: SyntheticParams): Lane {
  const samples = Math.max(1, Math.round((rate * frame_ms) / 1000));
  const payload = { kind: "audio", rate, channels, format } as const;
  const ptsOf = (count: number) => Math.round((count * samples * 1e6) / rate);
  return {
    port: "audio",
    ptsOf,
    // A microphone has a frame when its last sample has been heard.
    dueOf: (count) => ptsOf(count + 1),
    newestAt: (us) => Math.floor((us * rate) / (samples * 1e6)) - 1,
    patienceUs: soundPatienceUs,
    make: (count) => ({
      payload,
      data: testSound({ signal, rate, channels, format }, count * samples, samples),
    }),
    next: 0,
  };
}

class SyntheticSource implements FrameSource {
  readonly durationUs: number | undefined;
  readonly #isRealtime: boolean;
  readonly #lanes: readonly Lane[];
  readonly #clock: PipelineClock;
  #given = 0;
  #dropped = 0;

  constructor(params: SyntheticParams, lanes: readonly Lane[], clock: PipelineClock) {
    this.durationUs = params.duration_s === undefined ? undefined : Math.round(params.duration_s * 1e6);
    this.#isRealtime = params.realtime;
    this.#lanes = lanes;
    this.#clock = clock;
  }

  async *frames(signal: AbortSignal): AsyncGenerator<Frame | TimeMark> {
    const beginUs = this.#isRealtime ? Math.max(0, Math.ceil(this.#clock.nowUs())) : 0;
    for (let lane = this.#first(); lane !== undefined && !signal.aborted; lane = this.#first()) {
      if (this.#isRealtime) {
        const waitUs = beginUs + lane.dueOf(lane.next) - this.#clock.nowUs();
        if (waitUs > quietUs) yield* this.#marks(beginUs);
        if (waitUs > 0) await this.#clock.sleep(waitUs / 1000, signal);
        if (signal.aborted) return;
        this.#catchUp(lane, this.#clock.nowUs() - beginUs);
        if (this.#isOver(lane)) continue;
      }
      const count = lane.next++;
      this.#given++;
      yield { port: lane.port, pts: beginUs + lane.ptsOf(count), ...lane.make(count) };
    }
  }

  metrics(): SourceMetrics {
    const framesIn = this.#given + this.#dropped;
    return { framesIn, framesDropped: this.#dropped, restarts: 0, failures: [], failuresTotal: 0 };
  }

  /** The output whose frame is due next. */
  #first(): Lane | undefined {
    const open = this.#lanes.filter((lane) => !this.#isOver(lane));
    return open.sort((a, b) => a.dueOf(a.next) - b.dueOf(b.next))[0];
  }

  #isOver(lane: Lane): boolean {
    return this.durationUs !== undefined && lane.ptsOf(lane.next) >= this.durationUs;
  }

  /** No output gives a frame before its next one: it is known. */
  *#marks(beginUs: number): Generator<TimeMark> {
    for (const lane of this.#lanes) {
      if (!this.#isOver(lane)) yield { mark: beginUs + lane.ptsOf(lane.next), port: lane.port };
    }
  }

  /** Newest wins: what should have been taken by now is given up. */
  #catchUp(lane: Lane, nowUs: number): void {
    const newest = lane.newestAt(nowUs);
    if (newest <= lane.next || nowUs - lane.dueOf(lane.next) <= lane.patienceUs) return;
    const end = this.durationUs;
    for (; lane.next < newest && !(end !== undefined && lane.ptsOf(lane.next + 1) >= end); lane.next++) {
      this.#dropped++;
    }
  }
}
