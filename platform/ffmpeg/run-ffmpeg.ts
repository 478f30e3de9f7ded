// One run of ffmpeg as a byte stream: back-pressure by its pipe, stopped and reaped when the iteration ends.
import { PassThrough } from "node:stream";
import type { RemoteMediaError } from "../base/error.ts";
import { type FfmpegArguments, type FfmpegProcess, startFfmpeg } from "./ffmpeg-process.ts";
import { missingProgram } from "./find-program.ts";

const bufferBytes = 256 * 1024;
/** How long FFmpeg may still live once it has closed its output. */
const lingerMs = 2000;

export interface FfmpegRun extends FfmpegArguments {
  /** How long FFmpeg may take to end when it is asked to, before it is killed; 0 (the default) kills it at once. */
  readonly graceMs?: number | undefined;
  /** How long nothing may come while we ask for it, at first and later; undefined for ever. */
  readonly silenceMs?: { readonly first: number; readonly later: number } | undefined;
  /** What FFmpeg says when it goes on with something else than was asked; it is killed then. */
  readonly refuses?: RegExp | undefined;
  /** The error for a run that ended by itself, or nothing where that is no error. */
  readonly explain: (end: RunEnd) => RemoteMediaError | undefined;
}

/** How a run ended that nobody stopped. */
export interface RunEnd {
  /** What fluent-ffmpeg says; undefined when FFmpeg ended with exit code 0. */
  readonly cause: Error | undefined;
  /** The last of it. */
  readonly stderr: string;
  readonly deliveredBytes: number;
  /** It was silent for longer than it may, or lived on after its output's end, and was killed for it. */
  readonly hung: boolean;
  /** It was killed for something that it said. */
  readonly isRefused: boolean;
}

/** What ffmpeg writes to its stdout. Throws what `explain` gives, and `ffmpeg-missing` when it can't be started.
 * @see MediaDecoder.decode for stopping */
export async function* runFfmpeg(run: FfmpegRun, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (signal.aborted) return;
  // fluent-ffmpeg takes an output that closes for a failure, and kills; so this one closes only when we say so.
  const bytes = new PassThrough({ highWaterMark: bufferBytes, autoDestroy: false, emitClose: false });
  let isRefused = false;
  const child = await startFfmpeg(run, bytes, {
    stderr: (tail) => {
      if (isRefused || run.refuses?.test(tail) !== true) return;
      isRefused = true;
      void child.stop(0);
    },
  });
  const graceMs = run.graceMs ?? 0;
  const stop = () => void child.stop(graceMs);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const watch = watchSilence(child, run.silenceMs);
  let deliveredBytes = 0;
  try {
    await child.started;
    watch.waiting();
    for await (const chunk of bytes.iterator({ destroyOnReturn: false })) {
      if (signal.aborted) return;
      watch.given();
      deliveredBytes += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
      if (signal.aborted) return;
      watch.waiting();
    }
    watch.given();
    const { hung, ...end } = await endOf(child);
    if (signal.aborted) return;
    if (end.error !== undefined && "syscall" in end.error) throw missingProgram(run.program, end.error);
    const isHung = hung || watch.hasBarked();
    const error = run.explain({
      cause: end.error,
      stderr: end.stderr,
      deliveredBytes,
      hung: isHung,
      isRefused,
    });
    if (error !== undefined) throw error;
  } finally {
    watch.end();
    signal.removeEventListener("abort", stop);
    bytes.resume(); // Whatever is still in the pipe must not hold up its end.
    await child.stop(graceMs);
    bytes.destroy();
  }
}

async function endOf(child: FfmpegProcess) {
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    void child.stop(0);
  }, lingerMs);
  const end = await child.ended;
  clearTimeout(timer);
  return { ...end, hung };
}

/** Kills a process that says nothing while it is asked. One timer for all chunks: they come a thousand a second. */
function watchSilence(child: FfmpegProcess, silenceMs: FfmpegRun["silenceMs"]) {
  let since = Number.POSITIVE_INFINITY;
  let allowedMs = silenceMs?.first ?? 0;
  let barked = false;
  const look = () => {
    if (performance.now() - since < allowedMs) return;
    barked = true;
    void child.stop(0);
  };
  const stepMs = silenceMs === undefined ? 0 : Math.max(20, Math.min(silenceMs.first, silenceMs.later) / 8);
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    waiting: () => {
      since = performance.now();
      if (stepMs > 0) timer ??= setInterval(look, stepMs);
    },
    given: () => {
      since = Number.POSITIVE_INFINITY;
      allowedMs = silenceMs?.later ?? 0;
    },
    hasBarked: () => barked,
    end: () => clearInterval(timer),
  };
}
