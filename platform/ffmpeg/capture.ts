// Runs a short FFmpeg program to its end and keeps what it printed, bounded in bytes and in time.
import { RemoteMediaError } from "../base/error.ts";
import { missingProgram } from "./find-program.ts";
import { leadGroup, signalGroup } from "./process-group.ts";

const maxPrintedBytes = 4 * 1024 * 1024;
const burialMs = 2000;

export interface Captured {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `program` without a shell and without stdin. Throws `ffmpeg-missing` when it can't be started and
 * `ffmpeg-failed` when it took longer than `timeoutMs`; it is killed then with all that it has started, and when the signal is raised. */
export async function capture(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Captured> {
  const child = start(program, args);
  const release = leadGroup(child.pid);
  const ending = Promise.withResolvers<"late" | "stopped">();
  const end = (why: "late" | "stopped") => {
    signalGroup(child.pid, "SIGKILL");
    ending.resolve(why);
  };
  const stop = () => end("stopped");
  const timer = setTimeout(() => end("late"), timeoutMs);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  try {
    const printed = Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    // Not for its output's end: a process that left its group, or hangs in a driver, may hold that for ever.
    const ended = await Promise.race([printed, ending.promise]);
    if (ended === "stopped") return { exitCode: null, stdout: "", stderr: "" };
    if (ended !== "late") return { exitCode: child.exitCode, stdout: ended[0], stderr: ended[1] };
    throw new RemoteMediaError("ffmpeg-failed", `${program} gave no answer within ${timeoutMs} ms.`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    signalGroup(child.pid, "SIGKILL");
    release();
    await bury(child);
  }
}

/** Waits for a killed process to be gone, but not for one that hangs in a driver. */
async function bury(child: ReturnType<typeof start>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, burialMs);
  await Promise.race([child.exited, promise]);
  clearTimeout(timer);
  child.unref();
}

function start(program: string, args: readonly string[]) {
  try {
    return Bun.spawn([program, ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      // A group of its own, which can be killed whole.
      detached: true,
      killSignal: "SIGKILL",
      maxBuffer: maxPrintedBytes,
    });
  } catch (error) {
    throw missingProgram(program, error);
  }
}
