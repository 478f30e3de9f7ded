// openCaptureSession: a capture's NUT stream as frames with the session's own times.
import type { CaptureRequest, MediaCapture } from "../../../platform/contract/media-capture.ts";
import type { Frame } from "../../node/frame.ts";
import { readNut } from "../nut/nut-reader.ts";
import { AudioCutter } from "./audio-cutter.ts";
import type { LiveSession } from "./live-session.ts";

export interface CaptureSessionOptions {
  readonly capture: MediaCapture;
  readonly request: CaptureRequest;
  /** The ports that pictures and sound leave by; undefined: they aren't taken. */
  readonly videoPort?: string | undefined;
  readonly audioPort?: string | undefined;
  /** Of sound. */
  readonly frameMs: number;
}

/** A picture is copied once, out of the pipe's chunks. The signal ends the frames without an error. */
export function openCaptureSession(options: CaptureSessionOptions, signal: AbortSignal): LiveSession {
  const { times, bytes } = options.capture.capture(options.request, signal);
  return { times, frames: readFrames(bytes, options, signal) };
}

async function* readFrames(
  bytes: AsyncIterable<Uint8Array>,
  { videoPort, audioPort, frameMs }: CaptureSessionOptions,
  signal: AbortSignal,
): AsyncGenerator<Frame> {
  let cutter: AudioCutter | undefined;
  try {
    for await (const item of readNut(bytes)) {
      if (item.kind === "streams") continue;
      const { ptsUs, data } = item;
      const { payload } = item.stream;
      if (payload.kind === "video") {
        if (videoPort !== undefined) yield { port: videoPort, pts: ptsUs, payload, data };
      } else if (audioPort !== undefined) {
        cutter ??= new AudioCutter(audioPort, payload, frameMs);
        yield* cutter.push(ptsUs, data);
      }
    }
  } catch (thrown) {
    // A capture that was told to end leaves a torn packet behind.
    if (!signal.aborted) throw thrown;
  }
  if (cutter !== undefined && !signal.aborted) yield* cutter.flush();
}
