// Runs a short FFmpeg program to its end and keeps what it printed, bounded in bytes and in time.
import { RemoteMediaError } from "../base/error.ts";
import { missingProgram } from "./find-program.ts";

const maxPrintedBytes = 4 * 1024 * 1024;

export interface Captured {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `program` without a shell and without stdin. Throws `ffmpeg-missing` when it can't be started and
 * `ffmpeg-failed` when it took longer than `timeoutMs`; it is killed then, and when the signal is raised. */
export async function capture(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Captured> {
  const child = start(program, args, timeoutMs);
  const stop = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  const startedAt = performance.now();
  try {
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    if (child.signalCode !== null && performance.now() - startedAt >= timeoutMs) {
      throw new RemoteMediaError("ffmpeg-failed", `${program} gave no answer within ${timeoutMs} ms.`);
    }
    return { exitCode: child.exitCode, stdout, stderr };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function start(program: string, args: readonly string[], timeoutMs: number) {
  try {
    return Bun.spawn([program, ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: maxPrintedBytes,
    });
  } catch (error) {
    throw missingProgram(program, error);
  }
}
