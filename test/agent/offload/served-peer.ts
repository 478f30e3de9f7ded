// A peer in memory whose stages the real StageServer runs.
import type { Frame } from "../../../agent/node/frame.ts";
import type { NodeRunner, Outcome } from "../../../agent/node/runner.ts";
import { StageServer } from "../../../agent/offload/stage-server.ts";
import { encodeControl } from "../../../agent/protocol/encode-control.ts";
import { parseControl } from "../../../agent/protocol/parse-control.ts";
import type { PeerSession, StageControl } from "../../../agent/protocol/peer-session.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Timers } from "../../../platform/contract/timers.ts";
import type { ModelChannel } from "./model-channel.ts";
import type { Lie, ModelPeerOptions } from "./model-peer.ts";
import { ModelSession } from "./model-session.ts";
import type { SimulatedPeer } from "./simulation.ts";

export class ServedPeer implements SimulatedPeer {
  readonly device: string;
  readonly timers: Timers;
  readonly delayMs: () => number;
  refusesStages: RemoteMediaError | undefined;
  readonly #options: ModelPeerOptions;
  #server: StageServer;
  #isDead = false;
  #near: ModelSession | undefined;
  #far: FarSession | undefined;
  #gate: PromiseWithResolvers<void> | undefined;

  constructor(options: ModelPeerOptions) {
    this.#options = options;
    this.device = options.device;
    this.timers = options.timers;
    this.delayMs = options.delayMs ?? (() => 1);
    this.#server = this.#serve();
  }

  #serve(): StageServer {
    const makeStage = async (open: Parameters<ModelPeerOptions["makeRunner"]>[0]) => {
      if (this.refusesStages !== undefined) throw this.refusesStages;
      return gated(await this.#options.makeRunner(open), () => this.#gate?.promise);
    };
    const host = {
      makeStage: (request: object) => makeStage(request as Parameters<typeof makeStage>[0]),
    };
    return new StageServer({ self: this.device, host, timers: this.timers });
  }

  async connect(): Promise<PeerSession> {
    await new Promise<void>((resolve) => this.timers.after(this.delayMs(), resolve));
    if (this.#isDead) throw new RemoteMediaError("peer-unreachable", `${this.device} doesn't answer`);
    if (!this.#near?.isOpen) {
      this.#near = new ModelSession(this);
      this.#far = new FarSession(this.#near);
      this.#server.attach(this.#far);
    }
    return this.#near;
  }

  kill(silenceMs = 0): void {
    this.#isDead = true;
    const near = this.#near;
    const far = this.#far;
    this.#near = undefined;
    const why = new RemoteMediaError("peer-lost", "it is silent");
    near?.deafen();
    far?.end(why);
    this.timers.after(silenceMs, () => near?.end(why));
  }

  stall(): void {
    this.#gate ??= Promise.withResolvers();
  }

  heal(): void {
    this.#isDead = false;
    this.refusesStages = undefined;
    this.#gate?.resolve();
    this.#gate = undefined;
    this.refusesCalls = false;
  }

  /** It drains, and begins anew when it is well again. */
  set refusesCalls(does: boolean) {
    if (does) void this.#server.drain();
    else {
      const server = this.#server;
      this.#server = this.#serve();
      this.#near?.close(new RemoteMediaError("peer-lost", "it begins anew"));
      server.close();
    }
  }

  get refusesCalls(): boolean {
    return false;
  }

  get lie(): Lie | undefined {
    return undefined;
  }

  /** The real one doesn't: it breaks its session instead. */
  set lie(lie: Lie | undefined) {
    if (lie === undefined) return;
    this.#near?.close(new RemoteMediaError("peer-lost", "the way broke"));
  }

  hear(_: ModelSession, message: StageControl): void {
    this.#far?.hear(message);
  }

  channelOpened(_: ModelSession, stage: number, channel: ModelChannel): void {
    this.timers.after(this.delayMs(), () => this.#far?.channelOpened(stage, channel));
  }
}

/** The server's end of a session. */
class FarSession implements PeerSession {
  readonly peer = { device: "caller", name: "caller", mesh: "test", roles: ["capture"] as const };
  readonly statement;
  readonly load = undefined;
  readonly rttMs = 2;
  readonly #near: ModelSession;
  readonly #listeners = new Set<(message: StageControl) => void>();
  readonly #enders = new Set<(why: RemoteMediaError) => void>();
  #onChannel: (stage: number, channel: ModelChannel) => void = () => {};
  isOpen = true;

  constructor(near: ModelSession) {
    this.#near = near;
    this.statement = near.statement;
    near.onEnd((why) => this.end(why));
  }

  send(message: StageControl): void {
    if (!this.isOpen) throw new RemoteMediaError("peer-lost", "the session has ended");
    this.#near.tell(parseControl(encodeControl(message)) as StageControl);
  }

  hear(message: StageControl): void {
    for (const listener of [...this.#listeners]) listener(message);
  }

  channelOpened(stage: number, channel: ModelChannel): void {
    if (this.isOpen) this.#onChannel(stage, channel);
  }

  onMessage(listener: (message: StageControl) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  openStageChannel(stage: number): ModelChannel {
    return this.#near.openStageChannel(stage);
  }

  onStageChannel(listener: (stage: number, channel: ModelChannel) => void): void {
    this.#onChannel = listener;
  }

  onNews(): () => void {
    return () => {};
  }

  onEnd(listener: (why: RemoteMediaError) => void): () => void {
    this.#enders.add(listener);
    return () => this.#enders.delete(listener);
  }

  statistics() {
    return this.#near.statistics();
  }

  end(why: RemoteMediaError): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const ender of [...this.#enders]) ender(why);
  }

  close(why: RemoteMediaError): void {
    this.end(why);
    this.#near.end(why);
  }
}

/** A runner whose outcomes wait while there is a gate. */
function gated(runner: NodeRunner, gate: () => Promise<void> | undefined): NodeRunner {
  const after = async (call: Promise<Outcome>) => {
    const outcome = await call;
    await gate();
    return outcome;
  };
  return {
    window: runner.window,
    open: () => runner.open(),
    process: (frame: Frame) => after(runner.process(frame)),
    flush: () => after(runner.flush()),
    close: () => runner.close(),
    metrics: () => runner.metrics(),
    [Symbol.asyncDispose]: () => runner.close(),
  };
}
