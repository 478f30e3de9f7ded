// One stage that runs here for a peer: its frames in under the credit we gave, its results out under the credit it gave.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { Channel } from "../../platform/contract/link.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import type { Frame } from "../node/frame.ts";
import type { NodeRunner, Outcome } from "../node/runner.ts";
import type { CallTimes, Credit, Open, StageMessage } from "../protocol/control-message.ts";
import { CreditBalance } from "../protocol/credit-balance.ts";
import { encodeStageMessage } from "../protocol/stage-pieces.ts";
import { StageReader } from "../protocol/stage-reader.ts";
import { encodeWireError } from "../protocol/wire-error.ts";
import { ServedTimes } from "./served-times.ts";

/** What a caller may have under way here. */
export const servedCredit: Credit = { frames: 64, bytes: 16 * 1024 * 1024 };
/** Beyond this much in the channel's own buffer results wait here. */
const highWaterBytes = 4 * 1024 * 1024;
/** Results that wait for the caller before no more of its frames are begun. */
const maxHeldResults = 64;
const maxHeldBytes = 16 * 1024 * 1024;

export interface ServedStageOptions {
  readonly open: Open;
  readonly channel: Channel;
  readonly runner: NodeRunner;
  readonly timers: Timers;
  /** It has ended here; `told` is what the peer should hear of it. The runner is closed. */
  readonly onEnd: (why: RemoteMediaError, told: "bye" | "error" | "nothing") => void;
}

interface Call {
  readonly number: number;
  /** Undefined: the flush. */
  readonly frame: Frame | undefined;
  readonly arrivedMs: number;
  startedMs: number;
}

interface Result {
  readonly call: Call;
  readonly pieces: Iterator<StageMessage, void, undefined>;
  readonly bytes: number;
}

export class ServedStage {
  readonly #options: ServedStageOptions;
  readonly #reader = new StageReader({ from: "caller" });
  readonly #granted = new CreditBalance(servedCredit);
  readonly #allowed: CreditBalance;
  readonly #wanted: ReadonlySet<string>;
  readonly #waiting: Call[] = [];
  readonly #results: Result[] = [];
  readonly #times = new ServedTimes();
  /** The message that is being sent, in pieces, and the one that the caller's credit holds back. */
  #pieces: Iterator<Uint8Array, void, undefined> | undefined;
  #held: Extract<StageMessage, { type: "frame" }> | undefined;
  #heldBytes = 0;
  #owedFrames = 0;
  #owedBytes = 0;
  #inFlight = 0;
  #frames = 0;
  #isFlushing = false;
  #isDraining = false;
  #isEnded = false;

  constructor(options: ServedStageOptions) {
    this.#options = options;
    this.#wanted = new Set(options.open.wanted);
    this.#allowed = new CreditBalance(options.open.credit);
    const { channel } = options;
    channel.onLow(() => this.#guard(() => this.#flow()));
    channel.onClose(() =>
      this.end(new RemoteMediaError("peer-lost", "the stage's channel closed"), "nothing"),
    );
  }

  /** Begins to listen: after `ready` was said. */
  start(): void {
    this.#options.channel.onMessage((piece) => this.#guard(() => this.#hear(piece)));
  }

  get frames(): number {
    return this.#frames;
  }

  get times(): ServedTimes {
    return this.#times;
  }

  get queue(): number {
    return this.#waiting.length + this.#inFlight;
  }

  get nodes(): readonly string[] {
    return [...this.#options.runner.metrics().keys()];
  }

  /** How long a frame that comes now would wait, in ms. */
  get queueMs(): number {
    return this.#times.waitMs(this.queue);
  }

  /** Takes no more calls; ends, and tells the caller so, when what was begun is done. */
  drain(): void {
    this.#isDraining = true;
    for (const call of this.#waiting.splice(0)) this.#refuse(call, "it is ending");
    this.#endWhenDrained();
  }

  end(why: RemoteMediaError, told: "bye" | "error" | "nothing"): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting.length = 0;
    this.#results.length = 0;
    this.#pieces = undefined;
    this.#held = undefined;
    this.#options.runner.close().catch(() => {});
    // Before its channel closes, which whoever holds this stage hears as well: the reason would be lost.
    this.#options.onEnd(why, told);
    this.#options.channel.close();
  }

  #hear(piece: Uint8Array): void {
    if (this.#isEnded) return;
    const message = this.#reader.push(piece);
    if (message === undefined) return;
    if (message.type === "credit") {
      this.#allowed.grant(message.credit);
      this.#flow();
    } else if (message.type === "frame") {
      const { call, port, pts, payload, data } = message;
      this.#granted.spend(data.length);
      this.#take(call, { port, pts, payload, data });
    } else if (message.type === "flush") this.#take(message.call, undefined);
  }

  #take(number: number, frame: Frame | undefined): void {
    const nowMs = this.#options.timers.monotonicMs();
    const call: Call = { number, frame, arrivedMs: nowMs, startedMs: nowMs };
    if (this.#isDraining) this.#refuse(call, "it is ending");
    else if (this.#isTooLate(frame)) this.#refuse(call, "the frame would wait longer than it may take");
    else {
      this.#waiting.push(call);
      this.#pump();
    }
  }

  /** Rather than to queue beyond the deadline: somebody else may have time. */
  #isTooLate(frame: Frame | undefined): boolean {
    const { deadlineMs } = this.#options.open;
    return frame !== undefined && deadlineMs > 0 && this.#times.waitMs(this.queue + 1) > deadlineMs;
  }

  #pump(): void {
    const { runner, timers } = this.#options;
    while (!this.#isEnded && !this.#isFlushing && this.#hasRoom) {
      const call = this.#waiting[0];
      if (call === undefined) return;
      // The flush comes when everything before it has its outcome.
      if (call.frame === undefined && this.#inFlight > 0) return;
      this.#waiting.shift();
      this.#inFlight += 1;
      this.#isFlushing = call.frame === undefined;
      call.startedMs = timers.monotonicMs();
      const outcome = call.frame === undefined ? runner.flush() : runner.process(call.frame);
      outcome.then(
        (done) => this.#guard(() => this.#done(call, done)),
        (thrown: unknown) => this.end(toRemoteMediaError(thrown), "error"),
      );
    }
  }

  get #hasRoom(): boolean {
    const isFull = this.#results.length >= maxHeldResults || this.#heldBytes >= maxHeldBytes;
    return !isFull && this.#inFlight < this.#options.runner.window;
  }

  #done(call: Call, outcome: Outcome): void {
    if (this.#isEnded) return;
    const nowMs = this.#options.timers.monotonicMs();
    this.#inFlight -= 1;
    this.#isFlushing = false;
    if (call.frame !== undefined) {
      this.#frames += 1;
      this.#times.add(nowMs - call.startedMs, nowMs);
    }
    const kept = outcome.emissions.filter(({ node, frame }) => this.#wanted.has(`${node}.${frame.port}`));
    const bytes = kept.reduce((sum, { frame }) => sum + frame.data.length, 0);
    this.#heldBytes += bytes;
    const times: CallTimes = {
      serviceUs: Math.round((nowMs - call.arrivedMs) * 1000),
      waitedUs: Math.round((call.startedMs - call.arrivedMs) * 1000),
    };
    this.#results.push({ call, pieces: tell(call.number, { ...outcome, emissions: kept }, times), bytes });
    this.#repay(call);
    this.#flow();
    this.#pump();
    this.#endWhenDrained();
  }

  #refuse(call: Call, why: string): void {
    const refused = encodeWireError(new RemoteMediaError("peer-busy", why));
    const ack: StageMessage = {
      type: "ack",
      call: call.number,
      failures: [],
      serviceUs: 0,
      waitedUs: 0,
      refused,
    };
    this.#results.push({ call, pieces: [ack].values(), bytes: 0 });
    this.#repay(call);
    this.#flow();
  }

  /** What a call took of the credit is given back when it has ended, a quarter at a time. */
  #repay({ frame }: Call): void {
    if (frame === undefined) return;
    this.#owedFrames += 1;
    this.#owedBytes += frame.data.length;
  }

  get #repayment(): Credit | undefined {
    const isDue = this.#owedFrames >= servedCredit.frames / 4 || this.#owedBytes >= servedCredit.bytes / 4;
    if (!isDue && !(this.#granted.isSpent && this.#owedFrames > 0)) return undefined;
    const credit = { frames: this.#owedFrames, bytes: this.#owedBytes };
    this.#owedFrames = 0;
    this.#owedBytes = 0;
    this.#granted.grant(credit);
    return credit;
  }

  /** Gives the channel what it, and the caller's credit, have room for. */
  #flow(): void {
    const { channel } = this.#options;
    while (!this.#isEnded && channel.bufferedBytes < highWaterBytes) {
      const piece = this.#nextPiece();
      if (piece === undefined) {
        this.#endWhenDrained();
        return;
      }
      channel.send(piece);
    }
  }

  #nextPiece(): Uint8Array | undefined {
    for (;;) {
      const { value, done } = this.#pieces?.next() ?? { value: undefined, done: true };
      if (!done) return value;
      this.#pieces = undefined;
      const message = this.#nextMessage();
      if (message === undefined) return undefined;
      this.#pieces = encodeStageMessage(message);
    }
  }

  #nextMessage(): StageMessage | undefined {
    const credit = this.#repayment;
    if (credit !== undefined) return { type: "credit", credit };
    const result = this.#results[0];
    if (result === undefined) return undefined;
    let message: StageMessage | undefined = this.#held;
    if (message === undefined) {
      const { value, done } = result.pieces.next();
      if (done) {
        this.#results.shift();
        this.#heldBytes -= result.bytes;
        this.#pump();
        return this.#nextMessage();
      }
      message = value;
    }
    if (message.type !== "frame") return message;
    if (this.#allowed.isSpent) {
      this.#held = message;
      return undefined;
    }
    this.#held = undefined;
    this.#allowed.spend(message.data.length);
    return message;
  }

  #endWhenDrained(): void {
    if (!this.#isDraining || this.#inFlight > 0 || this.#results.length > 0) return;
    this.end(new RemoteMediaError("peer-busy", "it is ending"), "error");
  }

  /** Whoever says what can't be is believed nothing more, in no other stage either. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      const error = toRemoteMediaError(thrown);
      this.end(error, error.code === "peer-invalid" ? "bye" : "error");
    }
  }
}

/** The call's end goes with its last frame where it can: one message less to wait for. */
function* tell(
  call: number,
  { emissions, failures }: Outcome,
  times: CallTimes,
): Generator<StageMessage, void, undefined> {
  const last = failures.length === 0 ? emissions.length - 1 : -1;
  for (const [i, { node, frame }] of emissions.entries()) {
    const { port, pts, payload, data } = frame;
    yield { type: "frame", call, node, port, pts, payload, data, ...(i === last && { ended: times }) };
  }
  if (last < 0) yield { type: "ack", call, failures, ...times };
}
