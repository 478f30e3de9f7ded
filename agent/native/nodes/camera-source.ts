// CameraSource: the pictures of a camera of this machine.
import type { CaptureRequest } from "../../../platform/contract/media-capture.ts";
import type { FrameSource } from "../../node/runner.ts";
import { openCaptured } from "../live/open-captured.ts";
import type { NativeContext, NativeNodeType } from "../node-type.ts";
import { cameraDescriptor, cameraParams } from "./camera-params.ts";
import { chooseCamera } from "./choose-camera.ts";
import { readParams } from "./read-params.ts";

/** Exposure of the first pictures, and USB, take their time. */
const openingMs = 10_000;

export const cameraSource: NativeNodeType = {
  descriptor: cameraDescriptor,
  async openSource(given, context: NativeContext): Promise<FrameSource> {
    const params = readParams(cameraParams, given, context.node);
    const { device, width, height, fps, format, hardware, pixels } = params;
    let name = device;
    let knownId: string | undefined;
    const request = async (): Promise<CaptureRequest> => {
      const wishes = { device, width, height, fps, format, hardware };
      const chosen = chooseCamera(wishes, await context.devices(), knownId);
      knownId ??= chosen.id;
      name = chosen.name;
      return { input: chosen.input, video: { pixels, hardware: chosen.decoder } };
    };
    return openCaptured({
      context,
      what: () => (name === "default" ? "the camera" : `the camera ${JSON.stringify(name)}`),
      request,
      videoPort: "out",
      reconnect: params.reconnect,
      isEndless: true,
      stallMs: params.stall_ms,
      openingMs: Math.max(openingMs, params.stall_ms),
      bufferFrames: params.buffer_frames,
      isDevice: true,
    });
  },
};
