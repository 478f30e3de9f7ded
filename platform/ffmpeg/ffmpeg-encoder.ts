// The MediaEncoder over this machine's FFmpeg: one NUT stream into files, pictures or a speaker.
import { PassThrough } from "node:stream";
import { RemoteMediaError } from "../base/error.ts";
import type { EncodeOutput, EncoderRun, MediaEncoder } from "../contract/media-capture.ts";
import { capture } from "./capture.ts";
import { classifyComplaint } from "./classify-complaint.ts";
import { parseEncoders } from "./container-table.ts";
import { type FfmpegEnd, type FfmpegProcess, startFfmpeg } from "./ffmpeg-process.ts";
import { readFfmpegVersion } from "./ffmpeg-version.ts";
import { findProgram, missingProgram, type ProgramOptions } from "./find-program.ts";
import { existingNumbers, isFileOf, numberOf, removeOldest } from "./numbered-files.ts";
import { type EncoderPlan, planEncoder } from "./plan-encoder.ts";

export interface FfmpegEncoderOptions extends ProgramOptions {
  /** How long FFmpeg may take to say what it can; default 10,000. */
  readonly versionTimeoutMs?: number | undefined;
  /** How long FFmpeg may take to finish once its input has ended; default 30,000. */
  readonly finishTimeoutMs?: number | undefined;
}

const bufferBytes = 256 * 1024;
const maxNameCharacters = 4096;
// What the header says is enough: nothing is read ahead.
const inputOptions = ["-nostats", "-v", "error", "-fpsprobesize", "0", "-analyzeduration", "0", "-f", "nut"];

/** An encoder that starts FFmpeg with the first bytes. Bytes that are given must not change until the run is closed. */
export function openFfmpegEncoder(options: FfmpegEncoderOptions = {}): MediaEncoder {
  return { open: (output) => openRun(output, options) };
}

interface Running {
  readonly child: FfmpegProcess;
  readonly plan: EncoderPlan;
  readonly bytes: PassThrough;
  /** The numbers of the segments that are there and whole. */
  segments: number[];
  /** The number of the segment that FFmpeg will tell of next. */
  nextSegment: number;
  /** The beginning of a line of FFmpeg's list. */
  listRest: string;
  end: FfmpegEnd | undefined;
}

function openRun(output: EncodeOutput, options: FfmpegEncoderOptions): EncoderRun {
  let running: Promise<Running> | undefined;
  let isAborted = false;
  return {
    async write(bytes) {
      running ??= start(output, options);
      const run = await running;
      if (isAborted) throw new RemoteMediaError("output-closed", "The output was given up.");
      await push(run, bytes);
    },
    async close() {
      if (running === undefined) return;
      const run = await running;
      if (!isAborted) await finish(run, output, options.finishTimeoutMs ?? 30_000);
    },
    async abort() {
      isAborted = true;
      const run = await running?.catch(() => undefined); // Whoever wrote has heard of it.
      await run?.child.stop(0);
      run?.bytes.destroy();
    },
  };
}

async function start(output: EncodeOutput, options: FfmpegEncoderOptions): Promise<Running> {
  const program = findProgram("ffmpeg", options);
  const timeoutMs = options.versionTimeoutMs ?? 10_000;
  const [version, listed] = await Promise.all([
    readFfmpegVersion(program, timeoutMs),
    output.kind === "file" ? capture(program, ["-hide_banner", "-encoders"], timeoutMs) : undefined,
  ]);
  const numbers = isNumbered(output) ? existingNumbers(output.path) : [];
  const firstNumber = (numbers.at(-1) ?? -1) + 1;
  const plan = planEncoder(output, { version, encoders: parseEncoders(listed?.stdout ?? ""), firstNumber });
  const bytes = new PassThrough({ highWaterMark: bufferBytes });
  const child = await startFfmpeg({ ...plan, program, input: bytes, inputOptions }, plan.output, {
    stdout: (text) => countSegments(run, output, text),
  });
  const list = { segments: numbers, nextSegment: firstNumber, listRest: "" };
  const run: Running = { child, plan, bytes, ...list, end: undefined };
  void child.ended.then((end) => {
    run.end = end;
  });
  await child.started;
  return run;
}

function isNumbered(output: EncodeOutput): output is Extract<EncodeOutput, { path: string }> {
  if (output.kind === "file") return output.segmentSeconds !== undefined;
  return output.kind === "images" && /%\d*d/.test(output.path);
}

/** A line comes for each segment that is whole, its file's name; the next one has begun by then, except at the end. Lines that name
 * anything else are nobody's. */
function countSegments(run: Running, output: EncodeOutput, text: string): void {
  if (output.kind !== "file" || !isNumbered(output) || output.keepSegments === undefined) return;
  const lines = (run.listRest + text).split("\n");
  run.listRest = lines.pop()!.slice(-maxNameCharacters);
  for (const line of lines) {
    if (numberOf(output.path, line) !== run.nextSegment || !isFileOf(output.path, run.nextSegment)) continue;
    run.segments.push(run.nextSegment++);
    const others = run.bytes.writableEnded ? output.keepSegments : Math.max(0, output.keepSegments - 1);
    run.segments = removeOldest(output.path, run.segments, others);
  }
}

/** Hands bytes on, and waits where there is no room. */
async function push(run: Running, bytes: Uint8Array): Promise<void> {
  if (run.end !== undefined) throw explain(run, run.end);
  if (run.bytes.write(bytes)) return;
  const drained = Promise.withResolvers<"drained">();
  const resolve = () => drained.resolve("drained");
  run.bytes.once("drain", resolve);
  const first = await Promise.race([drained.promise, run.child.ended]);
  run.bytes.off("drain", resolve);
  if (first !== "drained") throw explain(run, first);
}

async function finish(run: Running, output: EncodeOutput, timeoutMs: number): Promise<void> {
  run.bytes.end();
  const timer = setTimeout(() => void run.child.stop(0), timeoutMs);
  const end = await run.child.ended;
  clearTimeout(timer);
  run.bytes.destroy();
  if (end.error !== undefined) throw explain(run, end);
  if (output.kind === "file" && output.keepSegments !== undefined) {
    removeOldest(output.path, run.segments, output.keepSegments);
  }
}

function explain(run: Running, end: FfmpegEnd): RemoteMediaError {
  if (end.error !== undefined && "syscall" in end.error) return missingProgram("ffmpeg", end.error);
  return classifyComplaint(end.stderr, run.plan.subject, "output-failed", end.error);
}
