// askProgram: what one of the known programs prints, within a deadline and bounds.
import type { Answer, AskedProgram } from "../contract/machine.ts";
import { leadGroup } from "./child-group.ts";
import { isAskedProgram, maxOutputBytes } from "./program-call.ts";
import { failed, refuse } from "./refusal.ts";
import { within } from "./within.ts";

export interface AskOptions {
  /** Folders to search, separated by colons. */
  readonly searchPath: string;
  /** Executables that aren't found by the search path, by program. */
  readonly executables?: Partial<Readonly<Record<AskedProgram, string | undefined>>> | undefined;
  /** Default: 3000, and 10,000 for FFmpeg. */
  readonly deadlineMs?: number | undefined;
}

const defaultDeadlineMs = 3000;
/** FFmpeg asks no device when it tells of itself, so it doesn't hang; but the first start from a small board's card, with two hundred
 * libraries, takes seconds. */
const patientDeadlineMs = 10_000;
/** What a program has started may hold its output open when it has ended: so long the rest of it is waited for. */
const restMs = 250;

/** Starts the program with a small fixed environment. Its whole process group is killed when it has
 * ended or the deadline has passed. */
export async function askProgram(
  program: AskedProgram,
  args: readonly string[],
  { searchPath, executables, ...options }: AskOptions,
): Promise<Answer<string>> {
  if (!isAskedProgram(program)) return refuse("not-supported", `${program} is no program that is asked`);
  const deadlineMs = options.deadlineMs ?? (program === "ffmpeg" ? patientDeadlineMs : defaultDeadlineMs);
  const path = Bun.which(executables?.[program] ?? program, { PATH: searchPath });
  if (path === null) return refuse("not-present", `${program} is not installed`);
  const child = start([path, ...args], searchPath);
  if (child === undefined) return refuse("unreadable", `${program} can't be started`);
  const kill = leadGroup(child.pid);
  const stdout = readStart(child.stdout, kill);
  const stderr = readStart(child.stderr, kill);
  try {
    const exitCode = await within(child.exited, deadlineMs, "late" as const);
    if (exitCode === "late")
      return refuse("timed-out", `${program} has not answered within ${deadlineMs} ms`);
    await within(Promise.all([stdout.ended, stderr.ended]), restMs, undefined);
    const text = stdout.text();
    return exitCode === 0 || stdout.isCut()
      ? { ok: true, value: text }
      : failed(program, stderr.text() || text);
  } finally {
    kill();
    stdout.stop();
    stderr.stop();
  }
}

function start(command: string[], searchPath: string) {
  try {
    const child = Bun.spawn(command, {
      cwd: "/",
      env: { PATH: searchPath, LANG: "C.UTF-8", LC_ALL: "C.UTF-8" },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.unref();
    return child;
  } catch {
    return undefined;
  }
}

/** The first bytes of a stream, also while it goes on; a program that prints more is ended. */
function readStart(stream: ReadableStream<Uint8Array>, kill: () => void) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let left = maxOutputBytes;
  const read = async () => {
    while (left > 0) {
      const { value, done } = await reader.read();
      if (done) return;
      text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.length;
    }
    kill();
  };
  return {
    ended: read().catch(() => {}),
    text: () => text,
    isCut: () => left <= 0,
    /** Nobody reads any more: whoever still holds the other end may write to nobody. */
    stop: () => void reader.cancel().catch(() => {}),
  };
}
