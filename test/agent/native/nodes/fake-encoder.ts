// An encoder that keeps what it is given, and fails when it is told to.
import { type NutPacket, readNut } from "../../../../agent/native/nut/nut-reader.ts";
import type { NutPayload } from "../../../../agent/native/nut/nut-stream.ts";
import type { RemoteMediaError } from "../../../../platform/base/error.ts";
import type { EncodeOutput, EncoderRun, MediaEncoder } from "../../../../platform/contract/media-capture.ts";
import { chunked, collectAll } from "../chunked.ts";

export class FakeRun implements EncoderRun {
  readonly output: EncodeOutput;
  readonly pieces: Uint8Array[] = [];
  state: "open" | "closed" | "aborted" = "open";
  /** Each write throws it, after as many as pass. */
  failure: RemoteMediaError | undefined;
  passing: number;

  constructor(output: EncodeOutput, failure: RemoteMediaError | undefined, passing: number) {
    this.output = output;
    this.passing = passing;
    this.failure = failure;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.failure !== undefined && this.passing-- <= 0) throw this.failure;
    this.pieces.push(bytes);
  }

  async close(): Promise<void> {
    this.state = "closed";
    if (this.failure !== undefined) throw this.failure;
  }

  async abort(): Promise<void> {
    this.state = "aborted";
  }

  /** What was written, read as NUT. */
  async read(): Promise<{ streams: NutPayload[]; packets: NutPacket[] }> {
    const items = await collectAll(readNut(chunked(new Uint8Array(Buffer.concat(this.pieces)))));
    const streams = items.flatMap((item) => (item.kind === "streams" ? item.streams : []));
    const packets = items.flatMap((item) => (item.kind === "packet" ? [item] : []));
    return { streams: streams.map(({ payload }) => payload), packets };
  }
}

export class FakeEncoder implements MediaEncoder {
  readonly runs: FakeRun[] = [];
  /** What runs that are opened from now on fail with. */
  failure: RemoteMediaError | undefined;
  /** How many writes to them pass first. */
  passing = 0;

  open(output: EncodeOutput): EncoderRun {
    const run = new FakeRun(output, this.failure, this.passing);
    this.runs.push(run);
    return run;
  }
}
