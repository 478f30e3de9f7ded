// MediaDecoder: turns a file of any container and codec into a plain, self-describing byte stream.

/** Sample layouts a decoder can be asked for, as FFmpeg names them. */
export type DecodedSamples = "s16le" | "s32le" | "f32le";
/** Pixel layouts a decoder can be asked for. */
export type DecodedPixels = "i420" | "gray8" | "rgb24" | "rgba32";

/** One stream of a file, as far as it is known before decoding. */
export interface AudioStreamInfo {
  /** The stream's number in the file. */
  readonly index: number;
  readonly codec: string;
  /** The layout that holds the decoded samples without loss. */
  readonly samples: DecodedSamples;
}

export interface VideoStreamInfo {
  readonly index: number;
  readonly codec: string;
  /** Frames per second as a fraction; undefined where the file doesn't say. */
  readonly frameRate: FrameRate | undefined;
}

export interface FrameRate {
  readonly numerator: number;
  readonly denominator: number;
}

export interface MediaInfo {
  /** In microseconds; undefined where the file doesn't say. */
  readonly durationUs: number | undefined;
  readonly audio: AudioStreamInfo | undefined;
  readonly video: VideoStreamInfo | undefined;
}

/** What to decode into.
 *
 * `audio` gives a WAV stream of unknown length at the file's own rate and channels. `video` gives pictures at a constant
 * rate, upright: `i420` and `gray8` as YUV4MPEG2, `rgb24` and `rgba32` as a sequence of PAM pictures at `frameRate`.
 * Without `stream` the first stream of the kind is taken. */
export type DecodeRequest =
  | { readonly kind: "audio"; readonly samples: DecodedSamples; readonly stream?: number | undefined }
  | {
      readonly kind: "video";
      readonly pixels: DecodedPixels;
      readonly stream?: number | undefined;
      readonly frameRate?: FrameRate | undefined;
    };

export interface DecoderVersion {
  /** For example "FFmpeg". */
  readonly name: string;
  /** As the program gives it, for example "5.1.9-0+deb12u1". */
  readonly version: string;
  /** The executable's absolute path. */
  readonly path: string;
}

/** A decoder of media files. Whatever a file says, it reaches no network and no file but those on this machine's disks.
 * All methods throw RemoteMediaError. */
export interface MediaDecoder {
  /** Throws `ffmpeg-missing` when there is none, or it is too old. */
  version(): Promise<DecoderVersion>;
  /** Reads a file's metadata. Throws `input-invalid` when it is no media file, `ffmpeg-missing`. */
  probe(file: string, signal: AbortSignal): Promise<MediaInfo>;
  /** The decoded bytes. The decoder runs no further ahead than its pipe holds. Ending the iteration early, or the
   * signal, stops it, and it is gone when the iteration has ended; the signal ends the iteration without an error.
   * Throws `ffmpeg-failed` when it gave nothing, `input-broken` when it broke off. */
  decode(file: string, request: DecodeRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
