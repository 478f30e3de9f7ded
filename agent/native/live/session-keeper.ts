// keepSession: opens a session, and when it is lost another one, until the source ends or can't go on.
import { RemoteMediaError, toRemoteMediaError } from "../../../platform/base/error.ts";
import type { ErrorCode } from "../../../platform/base/error-codes.ts";
import type { Frame } from "../../node/frame.ts";
import type { PipelineClock } from "../node-type.ts";
import { BackOff } from "./back-off.ts";
import type { LiveSession } from "./live-session.ts";
import { leastFurtherWaitMs, NewsLimit, type NewsWeight } from "./news-limit.ts";
import { SessionClock } from "./session-clock.ts";
import { SessionOpener } from "./session-opener.ts";
import { StallWatch } from "./stall-watch.ts";

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

/** Resolves to undefined at the source's end or the signal's, else to what the source can't go on after. Nothing runs any more then, but an
 * opening that doesn't heed its signal: what comes of it is released. */
export async function keepSession(
  options: KeeperOptions,
  signal: AbortSignal,
): Promise<RemoteMediaError | undefined> {
  const backOff = new BackOff(options.random);
  const newsLimit = new NewsLimit();
  const opener = new SessionOpener((session) => options.openSession(session));
  for (let opening = 0; !signal.aborted; opening++) {
    const { loss, goodForUs } = await runSession(options, opener, signal);
    if (signal.aborted || loss === undefined) return undefined;
    const isHopeless = loss.code === "internal" || (opening === 0 && endAtFirst.includes(loss.code));
    if (isHopeless || !options.policy.reconnect) return loss;
    options.onLoss(loss, options.clock.nowUs());
    if (goodForUs >= goodUs) backOff.reset();
    const news = await waitForAnother(options, newsLimit, backOff.next(), signal);
    // A device that came may take a moment until it can be opened: its permissions are set after it is there.
    if (news?.isReset) backOff.reset();
    else if (news !== undefined) backOff.shorten(leastFurtherWaitMs);
  }
  return undefined;
}

interface SessionEnd {
  /** Undefined where it ended as it should. */
  readonly loss: RemoteMediaError | undefined;
  /** From its first frame to its last. */
  readonly goodForUs: number;
}

async function runSession(
  options: KeeperOptions,
  opener: SessionOpener,
  signal: AbortSignal,
): Promise<SessionEnd> {
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
    const session = await opener.open(ending.signal);
    const sessionClock = session && new SessionClock(session.times, clock);
    for await (const frame of session?.frames ?? []) {
      if (ending.signal.aborted || sessionClock === undefined) break;
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

/** A device that comes ends the wait early. Gives what ended it; undefined: time did. */
async function waitForAnother(
  options: KeeperOptions,
  newsLimit: NewsLimit,
  ms: number,
  signal: AbortSignal,
): Promise<NewsWeight | undefined> {
  const { clock, deviceChange } = options;
  const startedUs = clock.nowUs();
  const waiting = new AbortController();
  const end = () => waiting.abort();
  signal.addEventListener("abort", end, { once: true });
  const news = async (): Promise<NewsWeight | undefined> => {
    try {
      await deviceChange(waiting.signal);
    } catch {
      // Where changes can't be told, time alone decides.
      await clock.sleep(ms, waiting.signal);
      return undefined;
    }
    if (waiting.signal.aborted) return undefined;
    const nowUs = clock.nowUs();
    const weight = newsLimit.hear(nowUs);
    await clock.sleep(Math.max(0, weight.leastWaitMs - (nowUs - startedUs) / 1000), waiting.signal);
    return waiting.signal.aborted ? undefined : weight;
  };
  try {
    const heard = news();
    const slept = clock.sleep(ms, waiting.signal);
    await Promise.race([heard, slept]);
    end();
    await slept;
    return await heard;
  } finally {
    end();
    signal.removeEventListener("abort", end);
  }
}
