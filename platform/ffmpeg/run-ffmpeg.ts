// One run of ffmpeg as a byte stream: back-pressure by its pipe, stopped and reaped when the iteration ends.
import { PassThrough, type Readable } from "node:stream";
import type { FfmpegCommand } from "fluent-ffmpeg";
import { RemoteMediaError } from "../base/error.ts";
import { lastComplaint } from "./complaint.ts";
import { missingProgram } from "./find-program.ts";

const bufferBytes = 256 * 1024;

export interface FfmpegRun {
  readonly program: string;
  /** The input as FFmpeg names it, with its protocol. */
  readonly input: string;
  /** The file's name as the user gave it, for messages. */
  readonly file: string;
  readonly inputOptions: readonly string[];
  readonly outputOptions: readonly string[];
  /** The output container. */
  readonly format: string;
}

/** What ffmpeg writes to its stdout.
 * @see MediaDecoder.decode for stopping and errors */
export async function* runFfmpeg(run: FfmpegRun, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (signal.aborted) return;
  const command = await buildCommand(run);
  const child = startCommand(command);
  let delivered = 0;
  const kill = () => command.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  try {
    await child.started;
    for await (const chunk of child.bytes.iterator({ destroyOnReturn: false })) {
      if (signal.aborted) return;
      delivered += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
      if (signal.aborted) return;
    }
    const end = await child.ended;
    if (end.error !== undefined && !signal.aborted) throw translate(run, end, delivered);
  } finally {
    signal.removeEventListener("abort", kill);
    await reap(command, child);
  }
}

interface Ended {
  readonly error: Error | undefined;
  readonly stderr: string;
}

interface Child {
  readonly bytes: PassThrough;
  readonly started: Promise<void>;
  /** Settles when the process has exited and its stderr is read. */
  readonly ended: Promise<Ended>;
}

async function buildCommand(run: FfmpegRun): Promise<FfmpegCommand> {
  const { default: ffmpeg } = await import("fluent-ffmpeg");
  const command = ffmpeg({ source: run.input, stdoutLines: 40 })
    .setFfmpegPath(run.program)
    .inputOptions([...run.inputOptions])
    .outputOptions([...run.outputOptions])
    .format(run.format);
  // fluent-ffmpeg would start ffmpeg twice more to list formats and encoders (180 ms); ours are built into every FFmpeg.
  const known = { [run.format]: { description: "", canDemux: false, canMux: true } };
  command.availableFormats = (callback) => callback(null as never, known);
  command.availableEncoders = (callback) => callback(null as never, {});
  surviveFailedStart(command);
  return command;
}

/** What fluent-ffmpeg hands on when a process has ended: the error, and the last lines of stdout and stderr. */
type OnEnd = (error: Error | null, stdout?: LineRing, stderr?: LineRing) => void;
interface LineRing {
  get(): string;
}

/** fluent-ffmpeg 2.1.3 throws where nobody can catch it when its process can't be started: it reads lines it then doesn't have. */
function surviveFailedStart(command: FfmpegCommand): void {
  const inner = command as unknown as {
    _spawnFfmpeg(args: unknown, options: unknown, onStart: unknown, onEnd: OnEnd): void;
  };
  const none: LineRing = { get: () => "" };
  const spawn = inner._spawnFfmpeg.bind(command);
  inner._spawnFfmpeg = (args, options, onStart, onEnd) =>
    spawn(args, options, onStart, (error, stdout = none, stderr = none) => onEnd(error, stdout, stderr));
}

function startCommand(command: FfmpegCommand): Child {
  // fluent-ffmpeg takes an output that closes for a failure, and kills; so this one closes only when we say so.
  const bytes = new PassThrough({ highWaterMark: bufferBytes, autoDestroy: false, emitClose: false });
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Ended>();
  command.on("start", () => started.resolve());
  command.on("end", (_stdout, stderr) => ended.resolve({ error: undefined, stderr: stderr ?? "" }));
  command.on("error", (error: Error, _stdout, stderr) => {
    if ("syscall" in error) bytes.end(); // It never started: nothing else will end the stream.
    ended.resolve({ error, stderr: stderr ?? "" });
    started.resolve();
  });
  command.pipe(bytes, { end: true });
  return { bytes, started: started.promise, ended: ended.promise };
}

async function reap(command: FfmpegCommand, child: Child): Promise<void> {
  await child.started;
  command.kill("SIGKILL"); // Of an ended command this does nothing.
  (child.bytes as Readable).resume(); // Whatever is still in the pipe must not hold up its end.
  await child.ended;
  child.bytes.destroy();
}

function translate(run: FfmpegRun, end: Ended, delivered: number): RemoteMediaError {
  const cause = end.error!;
  if ("syscall" in cause) return missingProgram(run.program, cause);
  const complaint = lastComplaint(end.stderr) || lastComplaint(cause.message);
  const where = { file: run.file };
  return delivered === 0
    ? new RemoteMediaError("ffmpeg-failed", `FFmpeg could not decode the input: ${complaint}`, {
        where,
        cause,
      })
    : new RemoteMediaError(
        "input-broken",
        `FFmpeg broke off after ${delivered} decoded bytes: ${complaint}`,
        { where, cause },
      );
}
