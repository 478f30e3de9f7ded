// The MediaCapture over this machine's FFmpeg.
import { resolve } from "node:path";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import type {
  Capture,
  CaptureInput,
  CaptureRequest,
  CaptureTimes,
  MediaCapture,
} from "../contract/media-capture.ts";
import { audible, classifyComplaint } from "./classify-complaint.ts";
import { lastComplaint } from "./complaint.ts";
import { type FfmpegVersion, readFfmpegVersion } from "./ffmpeg-version.ts";
import { findProgram, type ProgramOptions } from "./find-program.ts";
import { findLibcameraProgram, startLibcamera } from "./libcamera-camera.ts";
import { type CapturePlan, planCapture } from "./plan-capture.ts";
import { type RunEnd, runFfmpeg } from "./run-ffmpeg.ts";

export interface FfmpegCaptureOptions extends ProgramOptions {
  /** How long `ffmpeg -version` may take; default 10,000. */
  readonly versionTimeoutMs?: number | undefined;
}

/** How long FFmpeg may take to let go of a device or a camera when it is stopped. */
const graceMs = 500;

/** A capture that starts FFmpeg when its bytes are asked for; making one starts and loads nothing. */
export function openFfmpegCapture(options: FfmpegCaptureOptions = {}): MediaCapture {
  let known: { readonly program: string; readonly version: Promise<FfmpegVersion> } | undefined;
  const version = (program: string): Promise<FfmpegVersion> => {
    if (known?.program === program) return known.version;
    const asked = readFfmpegVersion(program, options.versionTimeoutMs ?? 10_000);
    known = { program, version: asked };
    asked.catch(() => {
      known = undefined; // Perhaps it is there, or mended, the next time.
    });
    return asked;
  };
  return { capture: (request, signal) => capture(request, options, version, signal) };
}

const times: Record<CaptureRequest["input"]["kind"], CaptureTimes> = {
  v4l2: "monotonic",
  libcamera: "monotonic",
  alsa: "wall",
  pulse: "wall",
  screen: "wall",
  rtsp: "stream",
  file: "stream",
};

function capture(
  request: CaptureRequest,
  options: FfmpegCaptureOptions,
  readVersion: (program: string) => Promise<FfmpegVersion>,
  signal: AbortSignal,
): Capture {
  const { input } = request;
  const bytes = {
    async *[Symbol.asyncIterator]() {
      if (signal.aborted) return;
      const program = findProgram("ffmpeg", options);
      const version = await unlessAborted(readVersion(program), signal);
      if (version === undefined) return;
      const plan = planCapture(whole(input), request, version);
      if (input.kind !== "libcamera") return yield* runAttempts(program, plan, signal);
      await using camera = await startLibcamera(findLibcameraProgram(options), input);
      // What ends the camera's program says more than FFmpeg, whose input then ends.
      const explain = (end: RunEnd) =>
        explainEnd(plan, { ...end, stderr: camera.stderr().trim() || end.stderr });
      const inputOptions = plan.attempts.at(-1)!;
      yield* runFfmpeg({ ...runOf(program, plan), input: camera.stream, inputOptions, explain }, signal);
    },
  };
  return { times: times[input.kind], bytes };
}

/** Undefined where the signal comes first: an FFmpeg that hangs at its start holds up no end. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const onAbort = () => aborted.resolve(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** FFmpeg would look for a relative name where we run, and so does everyone; but the name in messages stays the user's. */
function whole(input: CaptureInput): CaptureInput {
  return input.kind === "file" ? { ...input, path: resolve(input.path) } : input;
}

/** Runs the ways to open an input until one gives something. */
async function* runAttempts(
  program: string,
  plan: CapturePlan,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const last = plan.attempts.length - 1;
  for (const [index, inputOptions] of plan.attempts.entries()) {
    let hasBegun = false;
    try {
      const explain = (end: RunEnd) => explainEnd(plan, end);
      const run = { ...runOf(program, plan), input: plan.input, inputOptions, explain };
      for await (const chunk of runFfmpeg(run, signal)) {
        hasBegun = true;
        yield chunk;
      }
      return;
    } catch (error) {
      if (hasBegun || index === last || !isWorthAnotherWay(error)) throw error;
    }
  }
}

function runOf(program: string, plan: CapturePlan) {
  const { outputOptions, silenceMs, refuses } = plan;
  return { program, outputOptions, format: "nut", graceMs, silenceMs, refuses };
}

const otherWayHelps: ReadonlySet<string> = new Set([
  "ffmpeg-failed",
  "ffmpeg-missing",
  "device-unsupported",
  "input-invalid",
]);

function isWorthAnotherWay(error: unknown): boolean {
  return error instanceof RemoteMediaError && otherWayHelps.has(error.code);
}

/** What it means that a capture ended by itself. FFmpeg ends well, with exit code 0, also where a device or a connection broke. */
function explainEnd(plan: CapturePlan, end: RunEnd): RemoteMediaError | undefined {
  const { subject } = plan;
  const name = printable(subject.name, 256);
  if (end.deliveredBytes > 0 && !end.isRefused) {
    if (end.cause === undefined && !plan.isEndless) return undefined;
    const complaint = lastComplaint(audible(end.stderr));
    const why = complaint || (end.hung ? "nothing came any more" : "it ended");
    return new RemoteMediaError("capture-broken", `The capture of ${name} broke off: ${why}`, {
      cause: end.cause,
    });
  }
  if (end.hung) {
    const code = subject.kind === "stream" ? "stream-unreachable" : "ffmpeg-failed";
    return new RemoteMediaError(code, `Nothing came from ${name} in time.`, { cause: end.cause });
  }
  if (end.cause === undefined && end.stderr.trim() === "" && !plan.isEndless) return undefined;
  return classifyComplaint(end.stderr, subject, "ffmpeg-failed", end.cause);
}
