// What is taken of an input that holds pictures and sound: by the params that RtspSource and FileSource share.
import type { CaptureInput, CaptureRequest } from "../../../platform/contract/media-capture.ts";
import type { NativeContext } from "../node-type.ts";
import { chooseDecoder } from "./choose-decoder.ts";
import type { FileParams } from "./file-params.ts";
import type { RtspParams } from "./rtsp-params.ts";

/** What network cameras and phones send mostly: what is in a stream isn't known before it is opened, and software takes over. */
const likelyCodec = "h264";

/** Pictures and sound are asked for only where something takes them. */
export async function streamRequest(
  input: CaptureInput,
  params: RtspParams | FileParams,
  context: NativeContext,
): Promise<CaptureRequest> {
  const { pixels, width, height, max_fps: maxFps, samples, sample_rate: rate, channels } = params;
  const { wanted } = context;
  const found = wanted.has("video") && params.hardware === "auto" ? await context.devices() : undefined;
  const hardware = found && chooseDecoder(likelyCodec, "auto", found.hardwareCodecs);
  return {
    input,
    video: wanted.has("video") ? { pixels, width, height, maxFps, hardware } : undefined,
    audio: wanted.has("audio") ? { samples, rate, channels } : undefined,
  };
}

/** The ports that something takes. */
export function streamPorts({ wanted }: NativeContext): { videoPort?: string; audioPort?: string } {
  return {
    ...(wanted.has("video") ? { videoPort: "video" } : {}),
    ...(wanted.has("audio") ? { audioPort: "audio" } : {}),
  };
}
