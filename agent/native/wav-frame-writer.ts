// Audio frames as one WAV.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame, Payload } from "../node/frame.ts";
import { payloadProblem } from "../node/payload-check.ts";
import type { ByteTarget } from "./byte-target.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { type WavSampleLayout, wavHeader } from "./wav-writer.ts";

/** What a WAV says that got no frame at all. */
const emptyLayout: WavSampleLayout = { rate: 16_000, channels: 1, format: "s16le" };

/** Writes to `target`, which it closes; `name` is what messages call it. The samples follow each other, whatever the frames' times
 * say. The first frame decides the layout; `output-failed` for a frame of another one, or of another kind. */
export function wavFrameWriter(target: ByteTarget, name: string): FrameWriter {
  let layout: WavSampleLayout | undefined;
  let dataBytes = 0;
  const begin = (first: WavSampleLayout) => {
    layout = first;
    return target.write(wavHeader(first, target.seekable ? 0 : "streaming"));
  };
  return {
    async write(frame: Frame): Promise<void> {
      const next = layoutOf(frame, name);
      if (layout === undefined) await begin(next);
      else if (!sameLayout(layout, next)) throw changed(layout, next, frame, name);
      dataBytes += frame.data.length;
      await target.write(frame.data);
    },
    async close(): Promise<void> {
      if (layout === undefined) await begin(emptyLayout);
      if (target.seekable) await target.patch(0, wavHeader(layout!, dataBytes));
      await target.close();
    },
    abort: () => target.abort(),
  };
}

function layoutOf(frame: Frame, name: string): WavSampleLayout {
  const { payload } = frame;
  const problem =
    payload.kind === "audio" ? payloadProblem(payload, frame.data) : `${payload.kind}, not audio`;
  if (problem === undefined) return payload as Extract<Payload, { kind: "audio" }>;
  throw refused(
    `A WAV holds audio, and this output got ${problem}.`,
    frame,
    name,
    "Write it to a .ndjson file.",
  );
}

function sameLayout(left: WavSampleLayout, right: WavSampleLayout): boolean {
  return left.rate === right.rate && left.channels === right.channels && left.format === right.format;
}

function changed(from: WavSampleLayout, to: WavSampleLayout, frame: Frame, name: string): RemoteMediaError {
  const message = `A WAV has one layout: it began with ${describe(from)} and then got ${describe(to)}.`;
  return refused(
    message,
    frame,
    name,
    "Put a FastResampleNode before the output, or write to a .ndjson file.",
  );
}

function describe({ rate, channels, format }: WavSampleLayout): string {
  return `${rate} Hz, ${channels} channel${channels === 1 ? "" : "s"}, ${format}`;
}

function refused(message: string, frame: Frame, name: string, hint: string): RemoteMediaError {
  return new RemoteMediaError("output-failed", message, { where: { file: name, port: frame.port }, hint });
}
