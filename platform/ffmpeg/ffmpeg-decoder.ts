// The MediaDecoder over this machine's FFmpeg.
import { resolve } from "node:path";
import { RemoteMediaError } from "../base/error.ts";
import type {
  DecodedPixels,
  DecodeRequest,
  DecoderVersion,
  MediaDecoder,
  MediaInfo,
} from "../contract/media-decoder.ts";
import { capture } from "./capture.ts";
import { lastComplaint } from "./complaint.ts";
import { readFfmpegVersion } from "./ffmpeg-version.ts";
import { checkVersion, findProgram, type ProgramOptions } from "./find-program.ts";
import { probeEntries, readMediaInfo } from "./read-media-info.ts";
import { type RunEnd, runFfmpeg } from "./run-ffmpeg.ts";

export interface FfmpegDecoderOptions extends ProgramOptions {
  /** How long ffprobe may take; default 30,000. */
  readonly probeTimeoutMs?: number | undefined;
}

/** It says that at once, but for its first start from a slow card. */
const versionTimeoutMs = 10_000;

/** A decoder that starts FFmpeg's programs when it is asked to; making one starts and loads nothing. */
export function openFfmpegDecoder(options: FfmpegDecoderOptions = {}): MediaDecoder {
  const timeoutMs = options.probeTimeoutMs ?? 30_000;
  return {
    version: () => readVersion(options, Math.min(timeoutMs, versionTimeoutMs)),
    probe: (file, signal) => probe(file, options, timeoutMs, signal),
    decode: (file, request, signal) => decode(file, request, options, signal),
  };
}

/** Names a file so that FFmpeg takes no part of the name for an option, a protocol or a pattern. */
function address(file: string): string {
  return `file:${resolve(file)}`;
}

// A playlist in the file may name further inputs: those on disk, none on the network.
const localOnly = ["-protocol_whitelist", "file,pipe"];

async function readVersion(options: ProgramOptions, timeoutMs: number): Promise<DecoderVersion> {
  const path = findProgram("ffmpeg", options);
  findProgram("ffprobe", options);
  const version = await readFfmpegVersion(path, timeoutMs);
  return { name: "FFmpeg", version: version.text, path };
}

async function probe(
  file: string,
  options: ProgramOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<MediaInfo> {
  const program = findProgram("ffprobe", options);
  const args = ["-hide_banner", "-v", "error", ...localOnly, "-of", "json", "-show_program_version"];
  const printed = await capture(
    program,
    [...args, "-show_entries", probeEntries, "-i", address(file)],
    timeoutMs,
    signal,
  );
  const { version, info } = readMediaInfo(printed.stdout);
  if (version !== undefined) checkVersion(version);
  if (printed.exitCode !== 0) {
    const complaint = lastComplaint(printed.stderr) || "ffprobe failed";
    throw new RemoteMediaError("input-invalid", `FFmpeg can't read the input: ${complaint}`, {
      where: { file },
      hint: "Give a media file, or .json, .ndjson or .wav.",
    });
  }
  return info;
}

function decode(
  file: string,
  request: DecodeRequest,
  options: ProgramOptions,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const inputOptions = ["-nostdin", "-nostats", "-v", "error", ...localOnly];
  const explain = (end: RunEnd) => explainEnd(file, end);
  const { format, outputOptions } = request.kind === "audio" ? audioOutput(request) : videoOutput(request);
  return {
    async *[Symbol.asyncIterator]() {
      const program = findProgram("ffmpeg", options);
      yield* runFfmpeg(
        { program, input: address(file), inputOptions, outputOptions, format, explain },
        signal,
      );
    },
  };
}

function explainEnd(file: string, end: RunEnd): RemoteMediaError | undefined {
  if (end.cause === undefined) return undefined;
  const complaint = lastComplaint(end.stderr) || lastComplaint(end.cause.message);
  const detail = { where: { file }, cause: end.cause };
  return end.deliveredBytes === 0
    ? new RemoteMediaError("ffmpeg-failed", `FFmpeg could not decode the input: ${complaint}`, detail)
    : new RemoteMediaError(
        "input-broken",
        `FFmpeg broke off after ${end.deliveredBytes} decoded bytes: ${complaint}`,
        detail,
      );
}

interface Output {
  readonly format: string;
  readonly outputOptions: readonly string[];
}

function audioOutput(request: Extract<DecodeRequest, { kind: "audio" }>): Output {
  // Gaps in the file's timestamps become silence, so that counting samples gives the time.
  const keepTime = ["-af", "aresample=async=1:first_pts=0"];
  const map = ["-map", request.stream === undefined ? "0:a:0" : `0:${request.stream}`];
  return { format: "wav", outputOptions: [...map, ...keepTime, "-c:a", `pcm_${request.samples}`] };
}

const pixelFormats: Record<DecodedPixels, string> = {
  i420: "yuv420p",
  gray8: "gray",
  rgb24: "rgb24",
  rgba32: "rgba",
};

function videoOutput(request: Extract<DecodeRequest, { kind: "video" }>): Output {
  const map = ["-map", request.stream === undefined ? "0:V:0" : `0:${request.stream}`];
  const pixels = ["-pix_fmt", pixelFormats[request.pixels]];
  if (request.pixels === "i420" || request.pixels === "gray8") {
    return { format: "yuv4mpegpipe", outputOptions: [...map, ...pixels] };
  }
  const rate = request.frameRate ?? { numerator: 25, denominator: 1 };
  const outputOptions = [...map, ...pixels, "-c:v", "pam", "-r", `${rate.numerator}/${rate.denominator}`];
  return { format: "image2pipe", outputOptions };
}
