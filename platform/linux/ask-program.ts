// askProgram: what one of the known programs prints, within a deadline and bounds.
import type { Answer, AskedProgram } from "../contract/machine.ts";
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

/** Starts the program with a small fixed environment. Its whole process group is killed when the deadline has passed. */
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
  const kill = () => killGroup(child.pid);
  try {
    const output = Promise.all([readStart(child.stdout, kill), readStart(child.stderr, kill), child.exited]);
    const ended = await within(output, deadlineMs, "late" as const);
    if (ended === "late") return refuse("timed-out", `${program} has not answered within ${deadlineMs} ms`);
    const [stdout, stderr, exitCode] = ended;
    const isCut = stdout.length >= maxOutputBytes;
    return exitCode === 0 || isCut ? { ok: true, value: stdout } : failed(program, stderr || stdout);
  } finally {
    kill();
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

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody of it is left.
  }
}

/** The first bytes of a stream; a program that prints more is ended. */
async function readStart(stream: ReadableStream<Uint8Array>, end: () => void): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let left = maxOutputBytes;
  for await (const chunk of stream) {
    text += decoder.decode(chunk.subarray(0, left), { stream: true });
    left -= chunk.length;
    if (left > 0) continue;
    end();
    break;
  }
  return text;
}
