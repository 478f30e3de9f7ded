// A peer in memory that serves stages over the real codec: it can be killed, stalled, busy, and made to lie.
import type { Frame } from "../../../agent/node/frame.ts";
import type { NodeRunner, Outcome } from "../../../agent/node/runner.ts";
import type { Open, StageMessage } from "../../../agent/protocol/control-message.ts";
import { CreditBalance } from "../../../agent/protocol/credit-balance.ts";
import type { PeerSession, StageControl } from "../../../agent/protocol/peer-session.ts";
import { encodeStageMessage } from "../../../agent/protocol/stage-pieces.ts";
import { StageReader } from "../../../agent/protocol/stage-reader.ts";
import { encodeWireError } from "../../../agent/protocol/wire-error.ts";
import { RemoteMediaError, toRemoteMediaError } from "../../../platform/base/error.ts";
import type { Timers } from "../../../platform/contract/timers.ts";
import type { ModelChannel } from "./model-channel.ts";
import { ModelSession } from "./model-session.ts";

/** Alters what the peer is about to say on a stage's channel. */
export type Lie = (message: StageMessage) => readonly StageMessage[];

export interface ModelPeerOptions {
  readonly device: string;
  readonly timers: Timers;
  readonly delayMs?: () => number;
  readonly makeRunner: (open: Open) => NodeRunner | Promise<NodeRunner>;
  readonly window?: number;
}

export class ModelPeer {
  readonly device: string;
  readonly timers: Timers;
  /** Sessions and stages that were ever made. */
  sessions = 0;
  stages = 0;
  framesTaken = 0;
  /** Of results' data. */
  sentBytes = 0;
  /** Why it refuses stages. */
  refusesStages: RemoteMediaError | undefined;
  refusesCalls = false;
  /** Sends results however little it was granted. */
  ignoresCredit = false;
  lie: Lie | undefined;
  readonly #options: ModelPeerOptions;
  #isDead = false;
  #session: ModelSession | undefined;
  #stalled: (() => void)[] | undefined;

  constructor(options: ModelPeerOptions) {
    this.#options = options;
    this.device = options.device;
    this.timers = options.timers;
  }

  get delayMs(): () => number {
    return this.#options.delayMs ?? (() => 1);
  }

  /** The caller's end of a session; the one there is, or a new one. */
  async connect(): Promise<PeerSession> {
    await new Promise<void>((resolve) => this.timers.after(this.delayMs(), resolve));
    if (this.#isDead) throw new RemoteMediaError("peer-unreachable", `${this.device} doesn't answer`);
    if (!this.#session?.isOpen) {
      this.sessions += 1;
      this.#session = new ModelSession(this);
    }
    return this.#session;
  }

  /** The caller hears of it after `silenceMs`. */
  kill(silenceMs = 0): void {
    this.#isDead = true;
    this.#stalled = undefined;
    const session = this.#session;
    this.#session = undefined;
    this.timers.after(silenceMs, () => session?.end(new RemoteMediaError("peer-lost", "it is silent")));
    session?.deafen();
  }

  /** Takes everything and says nothing, until it is healed. */
  stall(): void {
    this.#stalled ??= [];
  }

  heal(): void {
    this.#isDead = false;
    this.refusesCalls = false;
    this.refusesStages = undefined;
    this.lie = undefined;
    const stalled = this.#stalled ?? [];
    this.#stalled = undefined;
    for (const say of stalled) say();
  }

  /** What callers have in the buffers of their channels. */
  bufferedBytes(): number {
    const ends = [...(this.#session?.channels.values() ?? [])];
    return ends.reduce((sum, end) => sum + end.far.bufferedBytes, 0);
  }

  /** Runs `act` now, or when the peer is no longer stalled. */
  whenAwake(act: () => void): void {
    if (this.#stalled === undefined) act();
    else this.#stalled.push(act);
  }

  /** Its end of what the caller says on the control channel. */
  hear(session: ModelSession, message: StageControl): void {
    if (message.type === "open") this.whenAwake(() => this.#open(session, message));
    if (message.type === "close") session.channels.get(message.stage)?.close();
  }

  async #open(session: ModelSession, open: Open): Promise<void> {
    try {
      if (this.refusesStages !== undefined) throw this.refusesStages;
      const runner = await this.#options.makeRunner(open);
      await runner.open();
      const channel = session.channels.get(open.stage)!;
      this.stages += 1;
      new ModelStage(this, channel, runner, open.credit);
      const credit = { frames: 32, bytes: 8 * 1024 * 1024 };
      session.tell({ type: "ready", stage: open.stage, window: this.#options.window ?? 16, credit });
    } catch (thrown) {
      session.tell({
        type: "error",
        stage: open.stage,
        error: encodeWireError(toRemoteMediaError(thrown)),
      });
    }
  }
}

/** A stage at the peer. */
class ModelStage {
  readonly #peer: ModelPeer;
  readonly #channel: ModelChannel;
  readonly #runner: NodeRunner;
  readonly #reader = new StageReader({ from: "caller" });
  readonly #balance: CreditBalance;
  #unsaid: StageMessage[] = [];

  constructor(peer: ModelPeer, channel: ModelChannel, runner: NodeRunner, credit: Open["credit"]) {
    this.#peer = peer;
    this.#channel = channel;
    this.#runner = runner;
    this.#balance = new CreditBalance(credit);
    channel.onMessage((piece) => peer.whenAwake(() => this.#take(this.#reader.push(piece))));
    channel.onClose(() => void runner.close());
  }

  #take(message: StageMessage | undefined): void {
    if (message === undefined) return;
    if (message.type === "credit") {
      this.#balance.grant(message.credit);
      this.#speak();
      return;
    }
    if (message.type === "ack") return;
    const { call } = message;
    if (message.type === "frame") this.#peer.framesTaken += 1;
    if (this.#peer.refusesCalls && message.type === "frame") {
      const refused = { code: "peer-busy", message: "too much to do" };
      this.#say({ type: "ack", call, failures: [], serviceUs: 0, waitedUs: 0, refused });
      this.#say({ type: "credit", credit: { frames: 1, bytes: message.data.length } });
      return;
    }
    const begunMs = this.#peer.timers.monotonicMs();
    const outcome = message.type === "flush" ? this.#runner.flush() : this.#runner.process(frameOf(message));
    outcome.then(
      (done) => this.#peer.whenAwake(() => this.#answer(message, done, begunMs)),
      () => {},
    );
  }

  #answer(
    message: Extract<StageMessage, { type: "frame" | "flush" }>,
    outcome: Outcome,
    begunMs: number,
  ): void {
    const { call } = message;
    const { emissions, failures } = outcome;
    for (const { node, frame } of emissions) this.#say({ ...frame, type: "frame", call, node });
    const serviceUs = (this.#peer.timers.monotonicMs() - begunMs) * 1000;
    this.#say({ type: "ack", call, failures, serviceUs, waitedUs: 0 });
    if (message.type === "frame")
      this.#say({ type: "credit", credit: { frames: 1, bytes: message.data.length } });
  }

  #say(message: StageMessage): void {
    this.#unsaid.push(...(this.#peer.lie?.(message) ?? [message]));
    this.#speak();
  }

  #speak(): void {
    while (this.#unsaid[0] !== undefined && this.#channel.state === "open") {
      const message = this.#unsaid[0];
      if (message.type === "frame") {
        if (this.#balance.isSpent && !this.#peer.ignoresCredit) return;
        if (!this.#balance.isSpent) this.#balance.spend(message.data.length);
        this.#peer.sentBytes += message.data.length;
      }
      this.#unsaid.shift();
      for (const piece of encodeStageMessage(message)) this.#channel.send(piece);
    }
  }
}

function frameOf({ port, pts, payload, data }: Extract<StageMessage, { type: "frame" }>): Frame {
  return { port, pts, payload, data };
}
