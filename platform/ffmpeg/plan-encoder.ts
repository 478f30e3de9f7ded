// Where media goes to into FFmpeg's options. Pure.
import { resolve } from "node:path";
import type { EncodeOutput } from "../contract/media-capture.ts";
import type { ComplaintSubject } from "./classify-complaint.ts";
import { type Container, chooseEncoder, containerOf } from "./container-table.ts";
import { type FfmpegVersion, isAtLeast } from "./ffmpeg-version.ts";
import { numberPattern } from "./numbered-files.ts";
import { checkSoundDevice } from "./plan-sound.ts";

export interface EncoderPlan {
  readonly subject: ComplaintSubject;
  /** The output as FFmpeg names it. */
  readonly output: string;
  /** FFmpeg's muxer. */
  readonly format: string;
  readonly outputOptions: readonly string[];
}

export interface EncoderFacts {
  readonly version: FfmpegVersion;
  /** FFmpeg's encoders, by name. */
  readonly encoders: ReadonlySet<string>;
  /** The number of the first file of several. */
  readonly firstNumber: number;
}

type OutputOf<Kind extends EncodeOutput["kind"]> = Extract<EncodeOutput, { kind: Kind }>;

/** A key frame comes at least so often: where a recording is cut off, no more than that is lost. */
const keyFrameSeconds = 2;

/** Throws `output-failed` for what can't be written, `device-missing` for names that are none, `ffmpeg-missing`. */
export function planEncoder(output: EncodeOutput, facts: EncoderFacts): EncoderPlan {
  switch (output.kind) {
    case "file":
      return planFile(output, facts);
    case "images":
      return planImages(output, facts);
    case "alsa":
    case "pulse":
      return planPlayback(output);
  }
}

function planFile(output: OutputOf<"file">, facts: EncoderFacts): EncoderPlan {
  const container = containerOf(output.path);
  const codecs = [
    ...(container.video.length === 0 ? ["-vn"] : videoOptions(output, container, facts)),
    ...audioOptions(output, container, facts),
    ...["-flush_packets", "1", "-max_interleave_delta", "1000000"],
  ];
  const subject = { kind: "output", name: output.path } as const;
  if (output.segmentSeconds === undefined) {
    const options = Object.entries(container.options ?? {}).flatMap(([name, value]) => [`-${name}`, value]);
    return {
      subject,
      output: `file:${resolve(output.path)}`,
      format: container.format,
      outputOptions: ["-y", ...codecs, ...options],
    };
  }
  const options = Object.entries(container.options ?? {}).map(([name, value]) => `${name}=${value}`);
  const segments = [
    ...["-segment_format", container.format, "-segment_time", `${output.segmentSeconds}`],
    ...(options.length === 0 ? [] : ["-segment_format_options", options.join(":")]),
    ...["-reset_timestamps", "1", "-segment_start_number", `${facts.firstNumber}`],
    // A line on stdout for each segment that is whole.
    ...["-segment_list", "pipe:1", "-segment_list_type", "flat"],
  ];
  return {
    subject,
    output: numberPattern(output.path),
    format: "segment",
    outputOptions: ["-y", ...codecs, ...segments],
  };
}

function videoOptions(
  output: OutputOf<"file">,
  container: Container,
  facts: EncoderFacts,
): readonly string[] {
  const { codec, name } = chooseEncoder(output.videoCodec, container.video, facts.encoders);
  const bitrate = output.videoBitrate === undefined ? [] : ["-b:v", `${output.videoBitrate}`];
  // MPEG-4 counts in 16 bits.
  const timeBase = codec === "mpeg4" ? "1/60000" : "1/90000";
  return [
    ...["-c:v", name, ...bitrate, ...(speed[name] ?? [])],
    ...["-pix_fmt", codec === "mjpeg" ? "yuvj420p" : "yuv420p", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"],
    ...[isAtLeast(facts.version, 5, 1) ? "-fps_mode:v" : "-vsync", "vfr", "-enc_time_base:v", timeBase],
    ...["-force_key_frames", keyFrames(output.segmentSeconds)],
  ];
}

/** Encoders that are made for films are told that they have no time. */
const speed: Readonly<Record<string, readonly string[]>> = {
  libx264: ["-preset", "veryfast"],
  libx265: ["-preset", "ultrafast"],
  libvpx: ["-deadline", "realtime", "-cpu-used", "8"],
  "libvpx-vp9": ["-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1"],
  libsvtav1: ["-preset", "12"],
  "libaom-av1": ["-usage", "realtime", "-cpu-used", "10"],
};

/** On a grid, so that a segment ends when it should. */
function keyFrames(segmentSeconds: number | undefined): string {
  const whole = segmentSeconds ?? keyFrameSeconds;
  const seconds = (whole / Math.ceil(whole / keyFrameSeconds)).toFixed(6);
  return `expr:if(isnan(prev_forced_t),1,gt(floor(t/${seconds}+0.001),floor(prev_forced_t/${seconds}+0.001)))`;
}

function audioOptions(
  output: OutputOf<"file">,
  container: Container,
  facts: EncoderFacts,
): readonly string[] {
  const { name } = chooseEncoder(output.audioCodec, container.audio, facts.encoders);
  // What was lost on the way becomes silence, so that sound and picture stay together.
  const experimental = name === "opus" || name === "vorbis" ? ["-strict", "-2"] : [];
  return ["-c:a", name, ...experimental, "-af", "aresample=async=1"];
}

/** JPEG's quantiser is 31 at its worst and 2 at its best; PNG has none. */
function planImages(output: OutputOf<"images">, facts: EncoderFacts): EncoderPlan {
  const isPng = /\.png$/i.test(output.path);
  const quality = Math.min(100, Math.max(1, output.quality));
  const quantiser = Math.round(31 - ((quality - 1) * 29) / 99);
  const codec = isPng ? ["-c:v", "png"] : ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", `${quantiser}`];
  const isOne = !/%\d*d/.test(output.path);
  const names = isOne ? ["-update", "1"] : ["-start_number", `${facts.firstNumber}`];
  const passthrough = [isAtLeast(facts.version, 5, 1) ? "-fps_mode:v" : "-vsync", "passthrough"];
  return {
    subject: { kind: "output", name: output.path },
    output: isOne ? `file:${resolve(output.path)}` : numberPattern(output.path),
    format: "image2",
    outputOptions: ["-y", "-map", "0:v:0", ...codec, ...passthrough, "-atomic_writing", "1", ...names],
  };
}

function planPlayback(output: OutputOf<"alsa" | "pulse">): EncoderPlan {
  const device = checkSoundDevice(output.kind, output.device);
  const options = ["-map", "0:a:0", "-c:a", "pcm_s16le"];
  const subject = { kind: "sound", name: `${output.kind} device ${device}` } as const;
  if (output.kind === "alsa") return { subject, output: device, format: "alsa", outputOptions: options };
  const pulse = ["-device", device, "-name", "remotemedia", "-buffer_duration", "100"];
  return { subject, output: "remotemedia", format: "pulse", outputOptions: [...options, ...pulse] };
}
