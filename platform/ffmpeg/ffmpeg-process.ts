// One FFmpeg process through fluent-ffmpeg, with what that library leaves open mended: its start, its end, stderr's bounds.
import type { ChildProcess } from "node:child_process";
import type { PassThrough, Readable } from "node:stream";
import type { FfmpegCommand } from "fluent-ffmpeg";
import { findLeash, leashWords } from "./leash.ts";
import { leadGroup, signalGroup } from "./process-group.ts";

const maxStderrCharacters = 16_384;
/** What hangs in a driver can't be killed, and what left the group may hold our pipes: for so long its end is waited for. */
const burialMs = 2000;

export interface FfmpegArguments {
  /** The executable's path. */
  readonly program: string;
  /** The input as FFmpeg names it, or the bytes for its stdin. */
  readonly input: string | Readable;
  readonly inputOptions: readonly string[];
  readonly outputOptions: readonly string[];
  /** The output container. */
  readonly format: string;
}

export interface FfmpegEnd {
  /** Undefined when FFmpeg ended with exit code 0. With a `syscall` it could not be started. */
  readonly error: Error | undefined;
  /** The last 16 KiB of it. */
  readonly stderr: string;
}

export interface FfmpegListeners {
  readonly stderr?: (tail: string) => void;
  readonly stdout?: (text: string) => void;
}

export interface FfmpegProcess {
  /** Settles when the process runs, or couldn't be started. */
  readonly started: Promise<void>;
  /** Settles when the process has exited and its stderr is read, or when it was killed and can't end. Never rejects. */
  readonly ended: Promise<FfmpegEnd>;
  /** Asks it and all that it has started to end, and kills them where they haven't after `graceMs`; 0 kills at once. Resolves when
   * it is gone, or 2 s after it was killed. */
  stop(graceMs: number): Promise<void>;
}

/** Starts FFmpeg with its output into a stream (which is ended then), or under a name as FFmpeg understands it. `listeners` hear
 * the end of stderr whenever there is more of it, and what comes on stdout where that isn't the output. */
export async function startFfmpeg(
  args: FfmpegArguments,
  output: PassThrough | string,
  listeners: FfmpegListeners = {},
): Promise<FfmpegProcess> {
  const [{ default: ffmpeg }, leash] = await Promise.all([import("fluent-ffmpeg"), findLeash()]);
  // Of one option alone, or of a list, fluent-ffmpeg splits what has a space in it; of several arguments it doesn't.
  const command = ffmpeg({ source: args.input })
    .setFfmpegPath(leash ?? args.program)
    .inputOptions("-hide_banner", ...args.inputOptions);
  const born = Promise.withResolvers<ChildProcess>();
  mendCommand(command, {
    before: leash === undefined ? [] : [...leashWords, args.program],
    closeStdin: typeof args.input === "string",
    listeners,
    onBirth: born.resolve,
  });
  const watched = watch(command, born.promise, typeof output === "string" ? undefined : output);
  command.output(output as string, { end: true });
  command.outputOptions("-f", args.format, ...args.outputOptions).run();
  return watched;
}

/** What fluent-ffmpeg keeps to itself, and what is wrong with it (2.1.3). */
interface InnerCommand {
  _checkCapabilities(callback: (error: null) => void): void;
  _spawnFfmpeg(args: readonly string[], options: object, onStart: OnStart, onEnd: OnEnd): void;
}
type OnStart = (child: ChildProcess, stdout: LineRing, stderr: LineRing) => void;
type OnEnd = (error: Error | null, stdout?: LineRing, stderr?: LineRing) => void;
interface LineRing {
  append(data: string | Uint8Array): void;
  get(): string;
}

interface Mending {
  /** Words before FFmpeg's own. */
  readonly before: readonly string[];
  readonly closeStdin: boolean;
  readonly listeners: FfmpegListeners;
  onBirth(child: ChildProcess): void;
}

function mendCommand(command: FfmpegCommand, { before, closeStdin, listeners, onBirth }: Mending): void {
  const inner = command as unknown as InnerCommand;
  // It would start ffmpeg twice more to list formats and encoders (180 ms); FFmpeg says itself what it hasn't.
  inner._checkCapabilities = (callback) => callback(null);
  command.availableEncoders = (callback) => callback(null as never, {});
  const none: LineRing = { append: () => {}, get: () => "" };
  const spawn = inner._spawnFfmpeg.bind(command);
  inner._spawnFfmpeg = (args, options, onStart, onEnd) =>
    spawn(
      [...before, ...args],
      { ...options, detached: true },
      (child, stdout, stderr) => {
        watchGroup(child);
        onBirth(child);
        boundRing(stderr, listeners.stderr);
        boundRing(stdout, listeners.stdout && ((_tail, text) => listeners.stdout?.(text)));
        if (closeStdin) child.stdin?.on("error", () => {}).end();
        onStart(child, stdout, stderr);
      },
      // Where its process can't be started it reads lines that it doesn't have, and throws where nobody can catch it.
      (error, stdout = none, stderr = none) => onEnd(error, stdout, stderr),
    );
}

/** Its ring of lines bounds how many there are, not how long one is. */
function boundRing(ring: LineRing, listen?: (tail: string, text: string) => void): void {
  let tail = "";
  ring.append = (data) => {
    const text = String(data);
    tail = (tail + text).slice(-maxStderrCharacters);
    listen?.(tail, text);
  };
  ring.get = () => tail;
}

/** What it has started ends with it. */
function watchGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  const release = leadGroup(pid);
  child.once("exit", () => {
    signalGroup(pid, "SIGKILL");
    release();
  });
}

function watch(
  command: FfmpegCommand,
  born: Promise<ChildProcess>,
  stream: PassThrough | undefined,
): FfmpegProcess {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<FfmpegEnd>();
  command.on("start", () => started.resolve());
  command.on("end", (_stdout, stderr) => ended.resolve({ error: undefined, stderr: stderr ?? "" }));
  command.on("error", (error: Error, _stdout, stderr) => {
    // What holds the leash was started, but not what it should hold.
    if (stderr?.startsWith("setpriv: failed to execute")) Object.assign(error, { syscall: "execve" });
    if ("syscall" in error) stream?.end(); // It never started: nothing else will end the stream.
    ended.resolve({ error, stderr: stderr ?? "" });
    started.resolve();
  });
  let child: ChildProcess | undefined;
  void born.then((spawned) => {
    child = spawned;
  });
  const signal = (name: NodeJS.Signals) => {
    // Of one that has ended the number may be another's by now.
    const isThere = child?.exitCode === null && child.signalCode === null;
    if (isThere && child?.pid !== undefined) signalGroup(child.pid, name);
  };
  const bury = () => {
    for (const pipe of [child?.stdin, child?.stdout, child?.stderr]) pipe?.destroy();
    child?.unref();
    stream?.end();
    ended.resolve({ error: new Error("FFmpeg was killed, and has not ended"), stderr: "" });
  };
  const stop = async (graceMs: number) => {
    await started.promise;
    signal(graceMs > 0 ? "SIGTERM" : "SIGKILL");
    const timer = setTimeout(() => signal("SIGKILL"), graceMs);
    const burial = setTimeout(bury, graceMs + burialMs);
    await ended.promise;
    clearTimeout(timer);
    clearTimeout(burial);
  };
  return { started: started.promise, ended: ended.promise, stop };
}
