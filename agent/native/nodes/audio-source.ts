// AudioSource: the sound of a microphone of this machine.
import type { CaptureRequest } from "../../../platform/contract/media-capture.ts";
import type { FrameSource } from "../../node/runner.ts";
import { openCaptured } from "../live/open-captured.ts";
import type { NativeContext, NativeNodeType } from "../node-type.ts";
import { audioDescriptor, audioParams } from "./audio-params.ts";
import { chooseMicrophone } from "./choose-microphone.ts";
import { readParams } from "./read-params.ts";

const openingMs = 10_000;

export const audioSource: NativeNodeType = {
  descriptor: audioDescriptor,
  async openSource(given, context: NativeContext): Promise<FrameSource> {
    const params = readParams(audioParams, given, context.node);
    const { device, api, sample_rate: rate, channels, format } = params;
    let name = device;
    let knownId: string | undefined;
    const request = async (): Promise<CaptureRequest> => {
      const { microphones } = await context.devices();
      const chosen = chooseMicrophone({ device, api, rate, channels }, microphones, knownId);
      knownId ??= chosen.id;
      name = chosen.name;
      return { input: chosen.input, audio: { samples: format, rate, channels } };
    };
    return openCaptured({
      context,
      what: () => (name === "default" ? "the microphone" : `the microphone ${JSON.stringify(name)}`),
      request,
      audioPort: "out",
      reconnect: params.reconnect,
      isEndless: true,
      stallMs: params.stall_ms,
      openingMs: Math.max(openingMs, params.stall_ms),
      bufferMs: params.buffer_ms,
      frameMs: params.frame_ms,
      isDevice: true,
    });
  },
};
