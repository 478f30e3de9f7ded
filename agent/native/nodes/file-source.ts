// FileSource: the pictures and the sound of a media file, at once or at their own pace.
import type { Frame } from "../../node/frame.ts";
import type { FrameSource, StoredSource } from "../../node/runner.ts";
import { openCaptureSession } from "../live/capture-session.ts";
import { openCaptured } from "../live/open-captured.ts";
import type { NativeContext, NativeNodeType } from "../node-type.ts";
import { type FileParams, fileDescriptor, fileParams } from "./file-params.ts";
import { readParams } from "./read-params.ts";
import { streamPorts, streamRequest } from "./stream-request.ts";

/** A file on a disk that sleeps, or in a container that has to be searched. */
const patienceMs = 30_000;

export const fileSource: NativeNodeType = {
  descriptor: fileDescriptor,
  async openSource(given, context: NativeContext): Promise<FrameSource> {
    const params = readParams(fileParams, given, context.node);
    return params.realtime ? openPaced(params, context) : openStored(params, context);
  },
};

function openPaced(params: FileParams, context: NativeContext): FrameSource {
  return openCaptured({
    context,
    what: () => `the file ${JSON.stringify(params.path)}`,
    request: () => streamRequest(inputOf(params), params, context),
    ...streamPorts(context),
    reconnect: false,
    isEndless: params.loop,
    stallMs: patienceMs,
    openingMs: patienceMs,
    bufferFrames: params.buffer_frames,
    bufferMs: params.buffer_ms,
    frameMs: params.frame_ms,
    isDevice: false,
  });
}

/** Every frame, as fast as it is taken; times count from the first one. */
function openStored(params: FileParams, context: NativeContext): StoredSource {
  return {
    async *frames(signal: AbortSignal): AsyncGenerator<Frame> {
      const request = await streamRequest(inputOf(params), params, context);
      const { capture } = context;
      const ports = streamPorts(context);
      const session = openCaptureSession({ capture, request, ...ports, frameMs: params.frame_ms }, signal);
      const last = new Map<string, number>();
      let startUs: number | undefined;
      for await (const frame of session.frames) {
        startUs ??= frame.pts;
        const { port, payload, data } = frame;
        const pts = Math.max(frame.pts - startUs, (last.get(port) ?? Number.NEGATIVE_INFINITY) + 1);
        last.set(port, pts);
        yield { port, pts, payload, data };
      }
    },
  };
}

function inputOf({ path, realtime, loop }: FileParams) {
  return { kind: "file", path, realtime, loop } as const;
}
