// StageServer: runs stages for peers, as many as it may, for those who may ask, and refuses the rest at once.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import type { PeerSession } from "../protocol/peer-session.ts";
import { ServerSession } from "./server-session.ts";
import type { HostedStage, ServedEvent, StageHost } from "./stage-host.ts";

export interface StageServerOptions {
  /** This device's id. */
  readonly self: string;
  readonly host: StageHost;
  readonly timers: Timers;
  /** Stages that may be open at once; default 64. */
  readonly maxStages?: number;
  /** Why nobody may have anything run here; undefined where members may. */
  readonly barred?: () => string | undefined;
  readonly onEvent?: (event: ServedEvent) => void;
}

const defaultMaxStages = 64;

export class StageServer {
  readonly #options: StageServerOptions;
  readonly #sessions = new Set<ServerSession>();
  #isDraining = false;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(options: StageServerOptions) {
    this.#options = options;
  }

  /** Serves the stages that this peer opens, for as long as the session lives. */
  attach(session: PeerSession): void {
    const { self, host, timers, onEvent = () => {} } = this.#options;
    const served: ServerSession = new ServerSession(session, {
      self,
      host,
      timers,
      onEvent,
      admit: () => this.#admit(),
      onIdle: () => this.#endWhenDrained(),
    });
    this.#sessions.add(served);
    session.onEnd(() => {
      served.close();
      this.#sessions.delete(served);
      this.#endWhenDrained();
    });
  }

  get openStages(): number {
    let open = 0;
    for (const session of this.#sessions) open += session.openStages;
    return open;
  }

  /** The longest that a frame would wait in a stage here, in ms. */
  get queueMs(): number {
    let longest = 0;
    for (const session of this.#sessions) longest = Math.max(longest, session.queueMs);
    return longest;
  }

  hosted(): readonly HostedStage[] {
    return [...this.#sessions].flatMap((session) => session.hosted());
  }

  /** Takes no more stages and no more frames; resolves when what was begun is done. Callers go elsewhere with the rest. */
  drain(): Promise<void> {
    if (this.#drained === undefined) {
      this.#isDraining = true;
      this.#drained = Promise.withResolvers();
      for (const session of this.#sessions) session.drain();
      this.#endWhenDrained();
    }
    return this.#drained.promise;
  }

  /** Ends every stage at once. */
  close(): void {
    this.#isDraining = true;
    for (const session of this.#sessions) session.close();
    this.#sessions.clear();
    this.#drained?.resolve();
  }

  /** @throws RemoteMediaError `peer-busy`, `peer-denied` */
  #admit(): void {
    const { maxStages = defaultMaxStages, barred } = this.#options;
    if (this.#isDraining) throw new RemoteMediaError("peer-busy", "it is ending");
    const why = barred?.();
    if (why !== undefined) throw new RemoteMediaError("peer-denied", why);
    if (this.openStages >= maxStages) {
      throw new RemoteMediaError(
        "peer-busy",
        `it runs ${maxStages} stages for others already, and takes no more`,
      );
    }
  }

  #endWhenDrained(): void {
    if (this.#isDraining && this.openStages === 0) this.#drained?.resolve();
  }
}
