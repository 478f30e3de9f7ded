// keepSession: opens a session, and when it is lost another one, until the source ends or can't go on.
import { RemoteMediaError, toRemoteMediaError } from "../../../platform/base/error.ts";
import type { ErrorCode } from "../../../platform/base/error-codes.ts";
import type { CaptureTimes } from "../../../platform/contract/media-capture.ts";
import type { Frame } from "../../node/frame.ts";
import type { PipelineClock } from "../node-type.ts";
import { BackOff } from "./back-off.ts";
import { SessionClock } from "./session-clock.ts";
import { StallWatch } from "./stall-watch.ts";

/** One time that a device or a stream is open. */
export interface LiveSession {
  readonly times: CaptureTimes;
  /** `pts` are the session's own times. Ending the iteration, or the signal, releases the device. */
  readonly frames: AsyncIterable<Frame>;
}

export interface SessionPolicy {
  /** Whether a loss is waited out; else it ends the source. */
  readonly reconnect: boolean;
  /** Whether an end without an error is a loss too: a device has no end, a file has. */
  readonly isEndless: boolean;
  /** So much silence counts as a loss. */
  readonly stallMs: number;
  /** So much before a session's first frame. */
  readonly openingMs: number;
}

export interface KeeperOptions {
  readonly policy: SessionPolicy;
  readonly clock: PipelineClock;
  /** Gives 0 to 1. */
  readonly random: () => number;
  openSession(signal: AbortSignal): Promise<LiveSession>;
  deviceChange(signal: AbortSignal): Promise<void>;
  onFrame(frame: Frame, pts: number, nowUs: number): void;
  onLoss(error: RemoteMediaError, nowUs: number): void;
}

/** At the very first opening these are the operator's to mend; waiting wouldn't. Later the device was there, and may become so again. */
const endAtFirst: readonly ErrorCode[] = [
  "device-denied",
  "device-unsupported",
  "ffmpeg-missing",
  "stream-denied",
  "node-invalid-params",
];
/** Frames for so long are a device that works: what was before no longer counts. */
const goodUs = 10_000_000;
/** Not even the news of a device has it tried again sooner. */
const leastWaitMs = 100;

/** Resolves to undefined at the source's end or the signal's, else to what the source can't go on after. Nothing runs any more then. */
export async function keepSession(
  options: KeeperOptions,
  signal: AbortSignal,
): Promise<RemoteMediaError | undefined> {
  const backOff = new BackOff(options.random);
  for (let opening = 0; !signal.aborted; opening++) {
    const { loss, goodForUs } = await runSession(options, signal);
    if (signal.aborted || loss === undefined) return undefined;
    const isHopeless = loss.code === "internal" || (opening === 0 && endAtFirst.includes(loss.code));
    if (isHopeless || !options.policy.reconnect) return loss;
    options.onLoss(loss, options.clock.nowUs());
    if (goodForUs >= goodUs) backOff.reset();
    // A device that came may take a moment until it can be opened: its permissions are set after it is there.
    if (await waitForAnother(options, backOff.next(), signal)) backOff.reset();
  }
  return undefined;
}

interface SessionEnd {
  /** Undefined where it ended as it should. */
  readonly loss: RemoteMediaError | undefined;
  /** From its first frame to its last. */
  readonly goodForUs: number;
}

async function runSession(options: KeeperOptions, signal: AbortSignal): Promise<SessionEnd> {
  const { clock, policy } = options;
  const ending = new AbortController();
  const end = () => ending.abort();
  signal.addEventListener("abort", end, { once: true });
  const watch = new StallWatch(clock, policy);
  const watching = watch.run(ending.signal, end);
  let firstUs: number | undefined;
  let lastUs = 0;
  let thrown: unknown;
  try {
    const { times, frames } = await options.openSession(ending.signal);
    const sessionClock = new SessionClock(times, clock);
    for await (const frame of frames) {
      if (ending.signal.aborted) break;
      lastUs = clock.nowUs();
      firstUs ??= lastUs;
      watch.hear(lastUs);
      options.onFrame(frame, sessionClock.toPipelineUs(frame.pts, lastUs), lastUs);
    }
    if (policy.isEndless) thrown = new RemoteMediaError("capture-broken", "the capture ended");
  } catch (error) {
    thrown = error;
  } finally {
    end();
    signal.removeEventListener("abort", end);
    await watching;
  }
  if (watch.isStalled) {
    thrown = new RemoteMediaError("capture-broken", `nothing came for ${watch.limitMs} ms`, {
      cause: thrown,
    });
  }
  return {
    loss: thrown === undefined ? undefined : toRemoteMediaError(thrown),
    goodForUs: firstUs === undefined ? 0 : lastUs - firstUs,
  };
}

/** A device that comes ends the wait early. Gives whether one did. */
async function waitForAnother(options: KeeperOptions, ms: number, signal: AbortSignal): Promise<boolean> {
  const { clock, deviceChange } = options;
  const waiting = new AbortController();
  const end = () => waiting.abort();
  signal.addEventListener("abort", end, { once: true });
  try {
    let isNews = false;
    const change = deviceChange(waiting.signal).then(
      () => {
        isNews = !waiting.signal.aborted;
      },
      // Where changes can't be told, time alone decides.
      () => clock.sleep(ms, waiting.signal),
    );
    await clock.sleep(Math.min(ms, leastWaitMs), waiting.signal);
    const slept = clock.sleep(Math.max(0, ms - leastWaitMs), waiting.signal);
    await Promise.race([change, slept]);
    end();
    await Promise.all([change, slept]);
    return isNews;
  } finally {
    end();
    signal.removeEventListener("abort", end);
  }
}
