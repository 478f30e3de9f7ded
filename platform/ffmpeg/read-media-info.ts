// ffprobe's JSON into MediaInfo. The document repeats what a file claims, so nothing in it is taken for granted.
import type { DecodedSamples, FrameRate, MediaInfo } from "../contract/media-decoder.ts";

/** The entries of ffprobe's document that are read here. */
export const probeEntries =
  "stream=index,codec_type,codec_name,sample_fmt,avg_frame_rate,r_frame_rate,duration" +
  ":stream_disposition=default,attached_pic:format=duration:program_version=version";

export interface ProbeDocument {
  /** ffprobe's own version; undefined where it doesn't say. */
  readonly version: string | undefined;
  readonly info: MediaInfo;
}

/** Reads what ffprobe printed; a document of another form reads as a file without streams. */
export function readMediaInfo(text: string): ProbeDocument {
  const root = record(parse(text));
  const streams = Array.isArray(root["streams"]) ? root["streams"].map(record) : [];
  const audio = pick(streams, "audio");
  const video = pick(streams, "video");
  const durationUs =
    microseconds(record(root["format"])["duration"]) ?? microseconds((audio ?? video)?.["duration"]);
  return {
    version: string(record(root["program_version"])["version"]),
    info: {
      durationUs,
      audio: audio && {
        index: Number(audio["index"]),
        codec: string(audio["codec_name"]) ?? "unknown",
        samples: samplesFor(string(audio["sample_fmt"]) ?? ""),
      },
      video: video && {
        index: Number(video["index"]),
        codec: string(video["codec_name"]) ?? "unknown",
        frameRate: rate(video["avg_frame_rate"]) ?? rate(video["r_frame_rate"]),
      },
    },
  };
}

type JsonRecord = Readonly<Record<string, unknown>>;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function record(value: unknown): JsonRecord {
  return typeof value === "object" && value !== null ? (value as JsonRecord) : {};
}

function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The default stream of a kind, else its first. A cover picture is no video. */
function pick(streams: readonly JsonRecord[], kind: string): JsonRecord | undefined {
  const candidates = streams.filter(
    (stream) =>
      stream["codec_type"] === kind &&
      Number.isInteger(stream["index"]) &&
      record(stream["disposition"])["attached_pic"] !== 1,
  );
  return candidates.find((stream) => record(stream["disposition"])["default"] === 1) ?? candidates[0];
}

/** FFmpeg's sample format into ours; 64-bit ones lose precision, the others nothing. */
function samplesFor(sampleFormat: string): DecodedSamples {
  if (/^(u8|s16)p?$/.test(sampleFormat)) return "s16le";
  if (/^s(32|64)p?$/.test(sampleFormat)) return "s32le";
  return "f32le";
}

function microseconds(seconds: unknown): number | undefined {
  const value = Math.round(Number(seconds) * 1e6);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

function rate(text: unknown): FrameRate | undefined {
  const match = /^(\d{1,9})\/(\d{1,9})$/.exec(string(text) ?? "");
  const numerator = Number(match?.[1]);
  const denominator = Number(match?.[2]);
  // A rate above 1000 is a container's time base, not pictures a second.
  return numerator > 0 && denominator > 0 && numerator / denominator <= 1000
    ? { numerator, denominator }
    : undefined;
}
