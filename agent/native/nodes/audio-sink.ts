// AudioSink: sound on a speaker of this machine.
import { z } from "zod";
import { RemoteMediaError, toRemoteMediaError } from "../../../platform/base/error.ts";
import type { ErrorCode } from "../../../platform/base/error-codes.ts";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import { type Frame, sampleBytes } from "../../node/frame.ts";
import type { FrameWriter } from "../frame-writer.ts";
import { BackOff } from "../live/back-off.ts";
import { LossLedger } from "../live/loss-ledger.ts";
import type { NativeContext, NativeNodeType } from "../node-type.ts";
import { EncoderFeed, isSameFormat, type MediaFrame, requireMedia } from "../sinks/encoder-feed.ts";
import { writerSink } from "../writer-sink.ts";
import { chooseSpeaker } from "./choose-speaker.ts";
import { readParams } from "./read-params.ts";
import { describeParams, reconnect } from "./source-params.ts";

export const audioSinkParams = z.strictObject({
  device: z
    .string()
    .min(1)
    .max(256)
    .default("default")
    .describe(
      "`default`, a speaker's id or name as `remotemedia probe` lists it, or an address such as `hw:CARD=USB,DEV=0`.",
    ),
  reconnect: reconnect.describe(
    "Waits for a speaker that is lost, drops the sound meanwhile at its own pace, and goes on; `false` ends the run with the error.",
  ),
});

type AudioSinkParams = z.infer<typeof audioSinkParams>;

export const audioSinkDescriptor: NodeDescriptor = {
  name: "AudioSink",
  version: "1.0.0",
  summary:
    "Plays sound on a speaker of this machine, which sets the pace; lost and found while the run goes on.",
  inputs: { in: { kinds: ["audio"], required: true, description: "Sound of any rate and layout." } },
  outputs: {},
  params: describeParams(audioSinkParams),
  limits: {},
  needs: { devices: ["speaker"] },
  stateful: true,
};

export const audioSink: NativeNodeType = {
  descriptor: audioSinkDescriptor,
  async openSink(given, context) {
    const params = readParams(audioSinkParams, given, context.node);
    return writerSink(new SpeakerWriter(params, context), false);
  },
};

/** These waiting doesn't mend. */
const hopeless: readonly ErrorCode[] = [
  "ffmpeg-missing",
  "node-invalid-params",
  "node-bad-input",
  "internal",
];
/** Nor these where nothing has been heard yet: a speaker that worked may come back to rights. */
const hopelessAtFirst: readonly ErrorCode[] = ["device-denied", "device-unsupported", "output-failed"];
/** FFmpeg takes the first sound before it knows whether the speaker does: after so much of it, the speaker works. */
const provenUs = 1_000_000;

class SpeakerWriter implements FrameWriter {
  readonly #params: AudioSinkParams;
  readonly #context: NativeContext;
  readonly #ledger: LossLedger;
  readonly #backOff = new BackOff(Math.random);
  readonly #stop = new AbortController();
  #name: string;
  #feed: EncoderFeed | undefined;
  #openedAtPts = 0;
  #wasHeard = false;
  #nextTryUs = Number.NEGATIVE_INFINITY;

  constructor(params: AudioSinkParams, context: NativeContext) {
    this.#params = params;
    this.#context = context;
    this.#name = params.device;
    const what = () => `the speaker ${JSON.stringify(this.#name)}`;
    this.#ledger = new LossLedger({ node: context.node, what, onEvent: (event) => context.onEvent(event) });
  }

  async write(given: Frame): Promise<void> {
    const frame = requireMedia(given, "audio", this.#context.node);
    if (this.#feed === undefined && this.#context.clock.nowUs() < this.#nextTryUs) return this.#pass(frame);
    try {
      const before = this.#feed?.formatOf(frame.port);
      if (before !== undefined && !isSameFormat(before, frame.payload)) await this.#release();
      this.#feed ??= await this.#open(frame);
      if (this.#stop.signal.aborted) throw new RemoteMediaError("output-closed", "The output was given up.");
      await this.#feed.write(frame);
    } catch (thrown) {
      await this.#lose(toRemoteMediaError(thrown), frame);
      return;
    }
    if (frame.pts - this.#openedAtPts < provenUs) return;
    this.#wasHeard = true;
    this.#ledger.hear(this.#context.clock.nowUs());
    this.#backOff.reset();
  }

  /** Resolves when everything has been heard. */
  async close(): Promise<void> {
    try {
      await this.#release();
    } catch (thrown) {
      if (!this.#params.reconnect || !this.#wasHeard) throw thrown;
    }
  }

  async abort(): Promise<void> {
    this.#stop.abort();
    await this.#feed?.abort();
  }

  async #open(frame: MediaFrame): Promise<EncoderFeed> {
    const { speakers } = await this.#context.devices();
    const { name, output } = chooseSpeaker(this.#params.device, speakers);
    this.#name = name;
    this.#openedAtPts = frame.pts;
    const formats = new Map([[frame.port, frame.payload]]);
    return new EncoderFeed(this.#context.encoder.open(output), formats, frame.pts);
  }

  async #release(): Promise<void> {
    const feed = this.#feed;
    this.#feed = undefined;
    await feed?.close();
  }

  async #lose(error: RemoteMediaError, frame: Frame): Promise<void> {
    const feed = this.#feed;
    this.#feed = undefined;
    await feed?.abort();
    if (this.#stop.signal.aborted) return;
    const isHopeless =
      hopeless.includes(error.code) || (!this.#wasHeard && hopelessAtFirst.includes(error.code));
    if (isHopeless || !this.#params.reconnect) throw atNode(error, this.#context.node);
    const nowUs = this.#context.clock.nowUs();
    this.#ledger.lose(error, nowUs, frame.pts);
    this.#nextTryUs = nowUs + this.#backOff.next() * 1000;
    await this.#pass(frame);
  }

  /** Lets a frame's time pass as if it were heard: what comes from a file must not rush by. */
  async #pass({ payload, data }: Frame): Promise<void> {
    if (payload.kind !== "audio") return;
    const samples = data.length / (payload.channels * sampleBytes[payload.format]);
    await this.#context.clock.sleep((samples / payload.rate) * 1000, this.#stop.signal);
  }
}

function atNode(error: RemoteMediaError, node: string): RemoteMediaError {
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new RemoteMediaError(error.code, error.message, {
    where: { ...error.where, node },
    cause: error,
    ...hint,
  });
}
