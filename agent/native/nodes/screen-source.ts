// ScreenSource: the pictures of a screen of this machine.
import { openCaptured } from "../live/open-captured.ts";
import type { NativeContext, NativeNodeType } from "../node-type.ts";
import { toFrameRate } from "./camera-mode.ts";
import { invalidParam, readParams } from "./read-params.ts";
import { screenDescriptor, screenParams } from "./screen-params.ts";

const openingMs = 10_000;

export const screenSource: NativeNodeType = {
  descriptor: screenDescriptor,
  async openSource(given, context: NativeContext) {
    const params = readParams(screenParams, given, context.node);
    const { display, x, y, width, height, pixels } = params;
    if ((width === undefined) !== (height === undefined)) {
      throw invalidParam(context.node, "params", "a region has a width and a height");
    }
    const rate = toFrameRate(params.fps);
    return openCaptured({
      context,
      what: () => `the screen ${display}`,
      request: () => ({ input: { kind: "screen", display, x, y, width, height, rate }, video: { pixels } }),
      videoPort: "out",
      reconnect: params.reconnect,
      isEndless: true,
      stallMs: params.stall_ms,
      openingMs: Math.max(openingMs, params.stall_ms),
      bufferFrames: params.buffer_frames,
      isDevice: false,
    });
  },
};
