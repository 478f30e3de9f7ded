// Whether a frame's bytes can be what its payload says they are.
import { type ElementType, type Payload, type PixelFormat, sampleBytes } from "./frame.ts";
import { maxCodecBytes, maxTensorRank } from "./frame-codec.ts";

const elementBytes: Record<ElementType, number> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  float32: 4,
  float64: 8,
};

/** Bounds that no real stream reaches; beyond them arithmetic downstream would overflow. */
const maxRate = 1_536_000;
const maxChannels = 256;
const maxSide = 32_768;

const encoder = new TextEncoder();
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes of one picture. Chroma planes of i420 and nv12 round up, as FFmpeg's do. */
export function pictureBytes(width: number, height: number, format: PixelFormat): number {
  const area = width * height;
  switch (format) {
    case "gray8":
      return area;
    case "rgb24":
      return area * 3;
    case "rgba32":
      return area * 4;
    default:
      return area + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  }
}

/** Says what is wrong between payload and bytes, or undefined when they agree. Text and JSON must be UTF-8 (whether JSON
 * parses is the reader's to find out), audio whole sample frames, pictures exactly one picture,
 * tensors their shape, codec names short. */
export function payloadProblem(payload: Payload, data: Uint8Array): string | undefined {
  switch (payload.kind) {
    case "text":
    case "json":
      return isUtf8(data) ? undefined : `${payload.kind} that is not UTF-8`;
    case "audio": {
      if (payload.rate < 1 || payload.rate > maxRate) return `audio of ${payload.rate} Hz`;
      if (payload.channels < 1 || payload.channels > maxChannels)
        return `audio of ${payload.channels} channels`;
      const step = payload.channels * sampleBytes[payload.format];
      return data.length % step === 0
        ? undefined
        : `${data.length} bytes of audio, not a multiple of ${step}`;
    }
    case "video": {
      if (payload.width < 1 || payload.height < 1 || payload.width > maxSide || payload.height > maxSide) {
        return `a picture of ${payload.width}x${payload.height}`;
      }
      const bytes = pictureBytes(payload.width, payload.height, payload.format);
      return data.length === bytes ? undefined : `a picture of ${data.length} bytes instead of ${bytes}`;
    }
    case "tensor": {
      if (payload.shape.length > maxTensorRank) return `a tensor of ${payload.shape.length} dimensions`;
      const elements = payload.shape.reduce((product, extent) => product * extent, 1);
      const bytes = elements * elementBytes[payload.element];
      return data.length === bytes ? undefined : `a tensor of ${data.length} bytes instead of ${bytes}`;
    }
    case "encoded":
      return encoder.encode(payload.codec).length <= maxCodecBytes
        ? undefined
        : `a codec name of more than ${maxCodecBytes} bytes`;
    default:
      return undefined;
  }
}

function isUtf8(data: Uint8Array): boolean {
  try {
    utf8.decode(data);
    return true;
  } catch {
    return false;
  }
}
