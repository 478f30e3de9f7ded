// MediaCapture and MediaEncoder: devices and streams into timed frames, and timed frames into files and devices.
import type { FrameRate } from "./media-decoder.ts";

/** Where a capture takes its media from. Sizes and rates are wishes that the device must meet or refuse. */
export type CaptureInput =
  | {
      readonly kind: "v4l2";
      /** `/dev/videoN`. */
      readonly path: string;
      /** V4L2's four characters; undefined leaves the choice to the driver. */
      readonly pixel?: string | undefined;
      readonly width?: number | undefined;
      readonly height?: number | undefined;
      readonly rate?: FrameRate | undefined;
    }
  | {
      readonly kind: "libcamera";
      /** libcamera's number of the camera. */
      readonly camera: number;
      readonly width?: number | undefined;
      readonly height?: number | undefined;
      readonly rate?: FrameRate | undefined;
    }
  | {
      readonly kind: "alsa" | "pulse";
      /** `hw:CARD=x,DEV=0`, "default", or the sound server's name of a source. */
      readonly device: string;
      readonly rate?: number | undefined;
      readonly channels?: number | undefined;
    }
  | {
      readonly kind: "rtsp";
      readonly url: string;
      readonly transport: "tcp" | "udp";
      /** Whether we wait for a camera that pushes (ANNOUNCE) instead of asking one (DESCRIBE). */
      readonly listen: boolean;
      /** How long a silent connection is waited for. */
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "file";
      readonly path: string;
      /** Whether frames come at the pace of their times, as a device gives them. */
      readonly realtime: boolean;
      /** Whether it begins again at its end, for ever. */
      readonly loop: boolean;
    }
  | {
      readonly kind: "screen";
      /** X11's display, such as ":0". */
      readonly display: string;
      readonly x: number;
      readonly y: number;
      readonly width?: number | undefined;
      readonly height?: number | undefined;
      readonly rate: FrameRate;
    };

/** Decoders that use hardware, tried first; software takes over where one can't. */
export type HardwareDecoding = "v4l2m2m" | "v4l2request" | "nvdec" | "vaapi";

export interface HardwareDecoder {
  readonly api: HardwareDecoding;
  /** As FFmpeg spells it, for example "h264". */
  readonly codec: string;
  /** FFmpeg's name for the decoder where that isn't the API's own. */
  readonly implementation?: string | undefined;
}

export interface CaptureRequest {
  readonly input: CaptureInput;
  /** Undefined: no pictures are taken. Without a size they come as the input has them. */
  readonly video?:
    | {
        readonly pixels: "i420" | "nv12" | "gray8" | "rgb24" | "rgba32";
        readonly width?: number | undefined;
        readonly height?: number | undefined;
        /** Frames a second at most: later ones are left out, times stay. */
        readonly maxFps?: number | undefined;
        readonly hardware?: HardwareDecoder | undefined;
      }
    | undefined;
  /** Undefined: no sound is taken. */
  readonly audio?:
    | {
        readonly samples: "s16le" | "s32le" | "f32le";
        readonly rate?: number | undefined;
        readonly channels?: number | undefined;
      }
    | undefined;
}

/** What the times of a capture count from. `monotonic`: CLOCK_MONOTONIC. `wall`: 1970. `stream`: a start of the stream's own. */
export type CaptureTimes = "monotonic" | "wall" | "stream";

export interface Capture {
  readonly times: CaptureTimes;
  /** A NUT stream (version 3) of raw pictures and samples, each packet with its capture time in microseconds or finer.
   * Ending the iteration, or the signal, stops the capture, and it is gone when the iteration has ended; the signal ends
   * it without an error. @see https://ffmpeg.org/nut.html */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Captures by programs of this machine. Throws RemoteMediaError: `ffmpeg-missing`, `device-missing`, `device-denied`, `device-busy`,
 * `device-unsupported`, `stream-unreachable`, `stream-denied`, `input-missing`, `input-invalid`, `ffmpeg-failed` when nothing came, and
 * `capture-broken` when it broke off after something had come. */
export interface MediaCapture {
  capture(request: CaptureRequest, signal: AbortSignal): Capture;
}

/** What an encoder is given: the streams of a NUT, and where they go. */
export type EncodeOutput =
  | {
      readonly kind: "file";
      /** With `segmentSeconds` a pattern with one `%d` such as `clip-%05d.mp4`, else a file. The extension says the container. */
      readonly path: string;
      /** New file at the next key frame after so many seconds. */
      readonly segmentSeconds?: number | undefined;
      /** Keep only so many segments, the newest. */
      readonly keepSegments?: number | undefined;
      readonly videoCodec: string;
      readonly audioCodec: string;
      /** Of the encoder, bits a second; undefined leaves it to the codec. */
      readonly videoBitrate?: number | undefined;
    }
  /** A file a picture, each whole or not there: `path` with one `%d`, or one file that is replaced. `quality` 1 (worst) to 100. */
  | { readonly kind: "images"; readonly path: string; readonly quality: number }
  | { readonly kind: "alsa" | "pulse"; readonly device: string };

/** A running encoder. Bytes are one NUT stream. */
export interface EncoderRun {
  /** Resolves when more can be taken (back-pressure). Throws `output-failed`, `device-busy`, `device-missing`, `device-denied`, `ffmpeg-missing`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the stream; resolves when everything is written and the encoder has ended. */
  close(): Promise<void>;
  /** Kills it. What is on disk stays. */
  abort(): Promise<void>;
}

export interface MediaEncoder {
  open(output: EncodeOutput): EncoderRun;
}
