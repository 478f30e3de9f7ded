// RtspSource: the pictures and the sound of a network camera.
import { openCaptured } from "../live/open-captured.ts";
import type { NativeContext, NativeNodeType } from "../node-type.ts";
import { invalidParam, readParams } from "./read-params.ts";
import { rtspDescriptor, rtspParams } from "./rtsp-params.ts";
import { streamPorts, streamRequest } from "./stream-request.ts";

/** Until the connection stands and the first key frame has come; cameras send one every few seconds. */
const keyFrameMs = 15_000;

export const rtspSource: NativeNodeType = {
  descriptor: rtspDescriptor,
  async openSource(given, context: NativeContext) {
    const params = readParams(rtspParams, given, context.node);
    const { url, transport, listen, stall_ms: stallMs } = params;
    if (!/^rtsps?:\/\/[!-~]{1,2048}$/.test(url)) {
      throw invalidParam(
        context.node,
        "params.url",
        "expected rtsp://host:port/path or rtsps://host:port/path",
      );
    }
    const input = { kind: "rtsp", url, transport, listen, timeoutMs: stallMs } as const;
    return openCaptured({
      context,
      what: () => `the stream ${withoutCredentials(url)}`,
      request: () => streamRequest(input, params, context),
      ...streamPorts(context),
      reconnect: params.reconnect,
      isEndless: true,
      stallMs,
      openingMs: listen ? Number.POSITIVE_INFINITY : stallMs + keyFrameMs,
      bufferFrames: params.buffer_frames,
      bufferMs: params.buffer_ms,
      frameMs: params.frame_ms,
      isDevice: false,
    });
  },
};

/** An address as messages may show it: nothing before an @, and no query, where some cameras take their passwords. */
export function withoutCredentials(url: string): string {
  const scheme = /^rtsps?:\/\//.exec(url)?.[0] ?? "";
  const rest = url.slice(url.lastIndexOf("@") < 0 ? scheme.length : url.lastIndexOf("@") + 1);
  return scheme + rest.replace(/[?#].*$/s, "");
}
