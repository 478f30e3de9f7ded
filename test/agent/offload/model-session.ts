// The caller's end of a session with a peer in memory.
import type { CapabilityStatement } from "../../../agent/capability/statement.ts";
import { encodeControl } from "../../../agent/protocol/encode-control.ts";
import { parseControl } from "../../../agent/protocol/parse-control.ts";
import type { PeerSession, StageControl } from "../../../agent/protocol/peer-session.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Timers } from "../../../platform/contract/timers.ts";
import { ModelChannel } from "./model-channel.ts";

/** Who sits at the other end. */
interface FarEnd {
  readonly device: string;
  readonly timers: Timers;
  readonly delayMs: () => number;
  hear(session: ModelSession, message: StageControl): void;
  /** The caller has opened a channel: the far end of it. */
  channelOpened?(session: ModelSession, stage: number, channel: ModelChannel): void;
}

export class ModelSession implements PeerSession {
  readonly peer;
  readonly statement = {} as CapabilityStatement;
  readonly load = undefined;
  readonly rttMs = 2;
  /** The peer's ends. */
  readonly channels = new Map<number, ModelChannel>();
  readonly #peer: FarEnd;
  readonly #listeners = new Set<(message: StageControl) => void>();
  readonly #enders = new Set<(why: RemoteMediaError) => void>();
  #why: RemoteMediaError | undefined;
  #isDeaf = false;

  constructor(peer: FarEnd) {
    this.#peer = peer;
    this.peer = { device: peer.device, name: peer.device, mesh: "test", roles: ["execute"] as const };
  }

  get isOpen(): boolean {
    return this.#why === undefined;
  }

  send(message: StageControl): void {
    if (this.#why !== undefined) throw new RemoteMediaError("peer-lost", "the session has ended");
    const sent = overWire(message);
    this.#peer.timers.after(this.#peer.delayMs(), () => {
      if (!this.#isDeaf && this.isOpen) this.#peer.hear(this, sent);
    });
  }

  /** What the peer says. */
  tell(message: StageControl): void {
    const said = overWire(message);
    this.#peer.timers.after(this.#peer.delayMs(), () => {
      if (this.#isDeaf || !this.isOpen) return;
      for (const listener of [...this.#listeners]) listener(said);
    });
  }

  onMessage(listener: (message: StageControl) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  openStageChannel(stage: number): ModelChannel {
    const [ours, theirs] = ModelChannel.pair(`stage-${stage}`, this.#peer.timers, this.#peer.delayMs);
    this.channels.set(stage, theirs);
    this.#peer.channelOpened?.(this, stage, theirs);
    return ours;
  }

  onStageChannel(): void {}

  onNews(): () => void {
    return () => {};
  }

  onEnd(listener: (why: RemoteMediaError) => void): () => void {
    if (this.#why !== undefined) {
      listener(this.#why);
      return () => {};
    }
    this.#enders.add(listener);
    return () => this.#enders.delete(listener);
  }

  statistics() {
    return {
      rttMs: 2,
      bytesSent: 0,
      bytesReceived: 0,
      loss: undefined,
      localCandidate: undefined,
      remoteCandidate: undefined,
    };
  }

  /** Nothing comes or goes any more, and nobody has noticed. */
  deafen(): void {
    this.#isDeaf = true;
    for (const channel of this.channels.values()) {
      channel.onMessage(() => {});
      channel.send = () => {};
    }
  }

  end(why: RemoteMediaError): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    for (const channel of this.channels.values()) channel.close();
    for (const ender of [...this.#enders]) ender(why);
  }

  close(why: RemoteMediaError): void {
    this.end(why);
  }
}

/** Through the real codec, as the other end would see it. */
function overWire(message: StageControl): StageControl {
  return parseControl(encodeControl(message)) as StageControl;
}
