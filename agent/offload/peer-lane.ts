// One stage opened at one peer: frames out and results in, under credits both ways.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { Channel } from "../../platform/contract/link.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import type { NodeFailure } from "../node/failure.ts";
import type { CallTimes, Credit, StageMessage } from "../protocol/control-message.ts";
import { CreditBalance } from "../protocol/credit-balance.ts";
import { peerInvalid } from "../protocol/field-reader.ts";
import type { PeerSession, StageControl } from "../protocol/peer-session.ts";
import { encodeStageMessage } from "../protocol/stage-pieces.ts";
import { StageReader } from "../protocol/stage-reader.ts";
import { readWireError } from "../protocol/wire-error.ts";
import type { OffloadedStage, PeerCandidate } from "./candidate.ts";
import { inTime } from "./in-time.ts";
import type { CallResult, Lane, LaneCall, LaneEvents } from "./lane.ts";
import { ResultCredit } from "./result-credit.ts";
import { ResultGatherer } from "./result-gatherer.ts";
import { nextStageNumber } from "./stage-number.ts";

export interface PeerLaneOptions {
  readonly candidate: PeerCandidate;
  readonly stage: OffloadedStage;
  readonly timers: Timers;
  readonly events: LaneEvents;
  /** For a session, and for the stage to be ready; the second begins anew with each part of the package that the peer asks for.
   * Default 10,000 each. */
  readonly openMs?: number;
}

/** Results that are held of one peer where nothing presses. */
const resultCredit: Credit = { frames: 1024, bytes: 16 * 1024 * 1024 };
/** Beyond this much in the channel's own buffer a frame waits here. */
const highWaterBytes = 4 * 1024 * 1024;
const maxWindow = 64;
/** The reason of a refusal comes by another channel than the one that closes with it, perhaps later. */
const reasonMs = 300;

export class PeerLane implements Lane {
  readonly #options: PeerLaneOptions;
  readonly #events: LaneEvents;
  readonly #timers: Timers;
  readonly #reader = new StageReader({ from: "peer" });
  readonly #gatherer: ResultGatherer;
  readonly #results = new ResultCredit(resultCredit);
  readonly #opening = Promise.withResolvers<void>();
  readonly #stops: (() => void)[] = [];
  /** Without an answer, oldest first; by the channel's numbers. */
  readonly #calls: { readonly number: number; readonly ours: number }[] = [];
  #balance = new CreditBalance({ frames: 0, bytes: 0 });
  #state: "opening" | "open" | "ended" = "opening";
  #session: PeerSession | undefined;
  #channel: Channel | undefined;
  #stage = 0;
  #window = 0;
  #sent = 0;
  /** The pieces of a call that the channel hasn't taken. */
  #outgoing: Iterator<Uint8Array, void, undefined> | undefined;
  #progressMs = 0;
  #bufferedBytes = 0;
  #stopOpening = () => {};

  constructor(options: PeerLaneOptions) {
    this.#options = options;
    this.#events = options.events;
    this.#timers = options.timers;
    this.#gatherer = new ResultGatherer(options.stage);
    this.#opening.promise.catch(() => {});
  }

  get inFlight(): number {
    return this.#calls.length;
  }

  async open(): Promise<void> {
    const { candidate, openMs = 10_000 } = this.#options;
    try {
      this.#begin(await inTime(candidate.session(), openMs, this.#timers, "it could not be reached"));
    } catch (thrown) {
      this.#end(toRemoteMediaError(thrown));
    }
    await this.#opening.promise;
  }

  #begin(session: PeerSession): void {
    if (this.#state === "ended") return;
    this.#session = session;
    this.#stage = nextStageNumber(session);
    this.#stops.push(
      session.onMessage((message) => this.#control(message)),
      session.onEnd((why) => this.#end(why)),
    );
    if (this.#isEnded) return;
    const channel = session.openStageChannel(this.#stage);
    this.#channel = channel;
    channel.onMessage((piece) => this.#hear(piece));
    channel.onLow(() => this.#flow());
    channel.onClose(() => this.#closed());
    const { manifest, root, wanted, package: digest, deadlineMs, path } = this.#options.stage;
    this.#awaitReady();
    session.send({
      type: "open",
      stage: this.#stage,
      manifest,
      root,
      wanted,
      package: digest,
      deadlineMs,
      path,
      credit: resultCredit,
    });
  }

  /** What a listener did meanwhile may have ended it. */
  get #isEnded(): boolean {
    return this.#state === "ended";
  }

  #awaitReady(): void {
    this.#stopOpening();
    this.#stopOpening = this.#timers.after(this.#options.openMs ?? 10_000, () =>
      this.#end(new RemoteMediaError("peer-unreachable", `${this.#name} did not open the stage in time`)),
    );
  }

  #closed(): void {
    const lost = this.#lost("the stage's channel closed");
    if (this.#state !== "opening") {
      this.#end(lost);
      return;
    }
    this.#stopOpening();
    this.#stopOpening = this.#timers.after(reasonMs, () => this.#end(lost));
  }

  #control(message: StageControl): void {
    if (message.type === "want-blob" && this.#state === "opening") {
      if (message.package === this.#options.stage.package) this.#awaitReady();
      return;
    }
    if (message.type === "error" && message.stage === this.#stage)
      this.#end(readWireError(message.error, this.#name));
    if (message.type !== "ready" || message.stage !== this.#stage || this.#isEnded) return;
    if (this.#state !== "opening") {
      this.#end(peerInvalid("that a stage is ready twice"));
      return;
    }
    this.#stopOpening();
    this.#state = "open";
    this.#window = Math.min(message.window, maxWindow);
    this.#balance = new CreditBalance(message.credit);
    this.#opening.resolve();
  }

  canTake({ frame }: LaneCall): boolean {
    if (this.#state !== "open" || this.#outgoing !== undefined) return false;
    // A flush costs no credit.
    return this.#calls.length < this.#window && (frame === undefined || !this.#balance.isSpent);
  }

  send({ number, frame }: LaneCall): void {
    if (this.#calls.length === 0) this.#progressMs = this.#timers.monotonicMs();
    this.#sent += 1;
    this.#calls.push({ number: this.#sent, ours: number });
    const call = this.#sent;
    if (frame !== undefined) this.#balance.spend(frame.data.length);
    this.#outgoing = encodeStageMessage(
      frame === undefined ? { type: "flush", call } : { ...frame, type: "frame", call, node: "" },
    );
    this.#flow();
  }

  /** Gives the channel what it has room for. */
  #flow(): void {
    const channel = this.#channel;
    const outgoing = this.#outgoing;
    if (outgoing === undefined || channel === undefined || this.#isEnded) return;
    this.#progressMs = this.#timers.monotonicMs();
    try {
      while (channel.bufferedBytes < highWaterBytes && !this.#isEnded) {
        const { value, done } = outgoing.next();
        if (done) {
          this.#outgoing = undefined;
          this.#events.room();
          return;
        }
        channel.send(value);
      }
    } catch (thrown) {
      this.#end(toRemoteMediaError(thrown));
    }
  }

  #hear(piece: Uint8Array): void {
    if (this.#isEnded) return;
    try {
      if (this.#state === "opening") throw peerInvalid("results before the stage was ready");
      this.#progressMs = this.#timers.monotonicMs();
      const message = this.#reader.push(piece);
      if (message !== undefined) this.#take(message);
    } catch (thrown) {
      this.fail(toRemoteMediaError(thrown));
    }
  }

  #take(message: StageMessage): void {
    if (message.type === "credit") {
      this.#balance.grant(message.credit);
      this.#events.room();
    } else if (message.type === "frame") {
      if (this.#calls[0]?.number !== message.call) throw peerInvalid("a frame of no call that is its turn");
      this.#results.receive(message.data.length);
      this.#gatherer.add(message);
      // Before the credit, which may find the channel gone: a lane that has ended answers nothing more.
      if (message.ended !== undefined) this.#answer(message.call, message.ended, []);
      this.refresh();
    } else if (message.type === "ack") {
      if (message.refused === undefined) this.#answer(message.call, message, message.failures);
      else this.#refuse(message.call, readWireError(message.refused, this.#name));
    }
  }

  #answer(number: number, times: CallTimes, failures: readonly NodeFailure[]): void {
    const call = this.#calls[0];
    if (call?.number !== number) throw peerInvalid("an ack of no call that is its turn");
    const result = this.#gatherer.end(times, failures);
    this.#calls.shift();
    this.#events.answered(call.ours, result);
  }

  #refuse(number: number, why: RemoteMediaError): void {
    const at = this.#calls.findIndex((call) => call.number === number);
    if (at < 0 || (at === 0 && !this.#gatherer.isEmpty)) throw peerInvalid("a refusal of no call that waits");
    const [call] = this.#calls.splice(at, 1);
    this.#events.refused(call!.ours, why);
  }

  release({ emissions, bytes }: CallResult): void {
    this.#results.release(emissions.length, bytes);
    this.refresh();
  }

  refresh(): void {
    if (this.#state !== "open") return;
    const credit = this.#results.grant(this.#events.isNeeded());
    if (credit === undefined) return;
    try {
      for (const piece of encodeStageMessage({ type: "credit", credit })) this.#channel?.send(piece);
    } catch (thrown) {
      this.#end(toRemoteMediaError(thrown));
    }
  }

  quietMs(): number {
    if (this.#calls.length === 0) return 0;
    const nowMs = this.#timers.monotonicMs();
    const buffered = this.#channel?.bufferedBytes ?? 0;
    // A slow way that takes bytes is no silence.
    if (buffered < this.#bufferedBytes) this.#progressMs = nowMs;
    this.#bufferedBytes = buffered;
    return nowMs - this.#progressMs;
  }

  fail(why: RemoteMediaError): void {
    this.#end(why);
    // Who says what can't be is believed nothing more, in no other stage either.
    if (why.code === "peer-invalid") this.#session?.close(why);
  }

  async close(): Promise<void> {
    this.#end(new RemoteMediaError("interrupted", "the stage was closed here"), false);
  }

  #end(why: RemoteMediaError, isTold = true): void {
    if (this.#isEnded) return;
    const wasOpen = this.#state === "open";
    this.#state = "ended";
    this.#outgoing = undefined;
    this.#stopOpening();
    for (const stop of this.#stops.splice(0)) stop();
    this.#leave();
    if (!wasOpen) this.#opening.reject(why);
    else if (isTold) this.#events.ended(why);
  }

  /** Tells the peer, where it can still be told. */
  #leave(): void {
    if (this.#session?.isOpen && this.#stage !== 0) {
      try {
        this.#session.send({ type: "close", stage: this.#stage });
      } catch {
        // It has just gone: then there is nothing to leave.
      }
    }
    this.#channel?.close();
  }

  get #name(): string {
    return this.#options.candidate.name;
  }

  #lost(what: string): RemoteMediaError {
    return new RemoteMediaError("peer-lost", `${this.#name}: ${what}`);
  }
}
