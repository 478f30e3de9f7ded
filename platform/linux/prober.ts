// createProber: asks devices through a child of this program, which is killed when a device doesn't answer in time.
import type { Answer, PcmDevice, VideoDevice } from "../contract/machine.ts";
import { leadGroup } from "./child-group.ts";
import { type CoolDownParts, createCoolDown } from "./cool-down.ts";
import { type DeviceKind, deviceKindOf } from "./device-kind.ts";
import { maxAnswerBytes, readPcmAnswer, readVideoAnswer } from "./read-answer.ts";
import { refuse } from "./refusal.ts";
import { within } from "./within.ts";

export interface ProberOptions {
  /** The executable with all that makes it serve queries. */
  readonly command: readonly string[];
  /** How long one device may take; default 2000. */
  readonly deadlineMs?: number | undefined;
  /** How long the child may take to start; default 10,000. */
  readonly startMs?: number | undefined;
  /** After how long without a question the child is let go; default 1000. */
  readonly idleMs?: number | undefined;
  /** What tells when a device that hung may be asked again. */
  readonly coolDown?: CoolDownParts | undefined;
}

/** Asks devices, one after the other. A device that has hung is answered `timed-out` for a while without being asked. Never throws. */
export interface Prober extends Disposable {
  videoDevice(path: string): Promise<Answer<VideoDevice>>;
  pcmDevice(path: string): Promise<Answer<PcmDevice>>;
}

/** A child that can't be started is not tried again for so long: each try may cost its whole deadline. */
const afterFailureMs = 30_000;

/** With the environment fixed, nothing of the operator's (`BUN_BE_BUN`, `LD_PRELOAD`, secrets) reaches the child. */
const environment = { LANG: "C.UTF-8" };

type Heard = { line: string } | "late" | "gone";

/** Nothing is started before the first device is asked. */
export function createProber({
  command,
  deadlineMs = 2000,
  startMs = 10_000,
  idleMs = 1000,
  ...parts
}: ProberOptions): Prober {
  const coolDown = createCoolDown(parts.coolDown);
  let child: ReturnType<typeof startChild> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let refusedUntil = 0;
  let idle: ReturnType<typeof setTimeout> | undefined;
  let isDisposed = false;
  const letGo = () => {
    child?.kill();
    child = undefined;
  };
  /** A child that has said that it is ready; undefined where none can be had. */
  const ready = async () => {
    // What became of it while nobody asked is no device's fault.
    if (child?.isGone()) child = undefined;
    if (child !== undefined) return child;
    if (isDisposed || performance.now() < refusedUntil) return undefined;
    child = startChild(command);
    const heard = await child?.hear(startMs);
    if (isDisposed) letGo();
    else if (typeof heard !== "object" || heard.line !== "ready") {
      letGo();
      refusedUntil = performance.now() + afterFailureMs;
    }
    return child;
  };
  const ask = async (path: string): Promise<unknown> => {
    if (coolDown.isCooling(path))
      return refuse("timed-out", `${path} did not answer a while ago, and is asked again later`);
    const before = child;
    let serving = await ready();
    let heard = await serving?.askFor(path, deadlineMs);
    // One that had served others may have died before it heard of this device.
    if (heard === "gone" && serving === before) {
      letGo();
      serving = await ready();
      heard = await serving?.askFor(path, deadlineMs);
    }
    if (heard === undefined)
      return refuse("not-supported", `${path} can't be asked: the process that asks devices doesn't start`);
    if (typeof heard === "object") {
      coolDown.hasAnswered(path);
      return parse(heard.line);
    }
    letGo();
    if (heard === "gone")
      return refuse("unreadable", `${path} can't be asked: the process that asked it has ended`);
    coolDown.hasHung(path);
    return refuse("timed-out", `${path} has not answered within ${deadlineMs} ms`);
  };
  const inTurn = <T>(
    kind: DeviceKind,
    path: string,
    read: (answer: unknown) => Answer<T>,
  ): Promise<Answer<T>> => {
    if (deviceKindOf(path) !== kind)
      return Promise.resolve(refuse("not-supported", `${path} is no device of this kind`));
    clearTimeout(idle);
    waiting++;
    const answer = turn.then(async () => read(await ask(path)));
    turn = answer.finally(() => {
      if (--waiting > 0) return;
      idle = setTimeout(letGo, idleMs);
      idle.unref();
    });
    return answer;
  };
  return {
    videoDevice: (path) => inTurn("video", path, readVideoAnswer),
    pcmDevice: (path) => inTurn("pcm", path, readPcmAnswer),
    [Symbol.dispose]: () => {
      isDisposed = true;
      clearTimeout(idle);
      letGo();
    },
  };
}

function startChild(command: readonly string[]) {
  try {
    const child = Bun.spawn([...command], {
      cwd: "/",
      env: environment,
      // In a session of its own: a terminal's Ctrl-C is ours to handle.
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
    });
    child.unref();
    const killGroup = leadGroup(child.pid);
    void child.exited.then(killGroup);
    const lines = readLines(child.stdout);
    /** The next line, however long ago it was written. */
    const hear = async (withinMs: number): Promise<Heard> => {
      const next = async (): Promise<Heard> => {
        const { value, done } = await lines.next();
        return done ? "gone" : { line: value };
      };
      return within(
        next().catch((): Heard => "gone"),
        withinMs,
        "late",
      );
    };
    return {
      isGone: () => child.exitCode !== null || child.signalCode !== null,
      hear,
      askFor: (path: string, withinMs: number): Promise<Heard> => {
        try {
          child.stdin.write(`${path}\n`);
          void Promise.resolve(child.stdin.flush()).catch(() => {});
        } catch {
          // Whoever hears for its answer hears that it is gone.
        }
        return hear(withinMs);
      },
      // Not awaited: a process that hangs in a driver ends when the driver lets it.
      kill: killGroup,
    };
  } catch {
    return undefined;
  }
}

/** Lines of what a child writes; it ends where one is longer than an answer can be. */
async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (rest.length > maxAnswerBytes) return;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
