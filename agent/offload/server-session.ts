// The stages that one peer has open here.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { Channel } from "../../platform/contract/link.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import type { NodeRunner } from "../node/runner.ts";
import type { Open } from "../protocol/control-message.ts";
import { peerInvalid } from "../protocol/field-reader.ts";
import type { PeerSession, Role, StageControl } from "../protocol/peer-session.ts";
import { encodeWireError } from "../protocol/wire-error.ts";
import { ServedStage, servedCredit } from "./served-stage.ts";
import type { HostedStage, ServedEvent, StageHost } from "./stage-host.ts";
import { openBlobTaker } from "./take-blobs.ts";

interface ServerSessionOptions {
  readonly self: string;
  readonly host: StageHost;
  readonly timers: Timers;
  readonly onEvent: (event: ServedEvent) => void;
  /** @throws RemoteMediaError where no more stages are taken */
  readonly admit: () => void;
  /** A stage has ended. */
  readonly onIdle: () => void;
}

/** A stage from the first that is heard of it, be it its channel or its `open`. */
interface Place {
  readonly abort: AbortController;
  readonly cancel: () => void;
  open: Open | undefined;
  channel: Channel | undefined;
  runner: NodeRunner | undefined;
  served: ServedStage | undefined;
}

/** Whoever may capture, execute or deploy may have stages run; who may only look may not. */
const asking: readonly Role[] = ["capture", "execute", "deploy"];
/** For the other half of a stage: its channel, or its `open`. */
const halfOpenMs = 10_000;
/** Calls that may be in flight to us, whatever the runner has room for: the rest waits here. */
const callWindow = 64;
const maxPath = 4;

export class ServerSession {
  readonly #session: PeerSession;
  readonly #options: ServerSessionOptions;
  readonly #places = new Map<number, Place>();
  #isClosed = false;

  constructor(session: PeerSession, options: ServerSessionOptions) {
    this.#session = session;
    this.#options = options;
    session.onMessage((message) => this.#hear(message));
    session.onStageChannel((stage, channel) => this.#takeChannel(stage, channel));
  }

  /** Those that were asked for and have not ended. */
  get openStages(): number {
    let open = 0;
    for (const place of this.#places.values()) if (place.open !== undefined) open += 1;
    return open;
  }

  get queueMs(): number {
    let longest = 0;
    for (const { served } of this.#places.values()) longest = Math.max(longest, served?.queueMs ?? 0);
    return longest;
  }

  hosted(): HostedStage[] {
    const nowMs = this.#options.timers.monotonicMs();
    const { device, name } = this.#session.peer;
    return [...this.#places].flatMap(([stage, { served }]) =>
      served === undefined
        ? []
        : [
            {
              stage,
              caller: device,
              callerName: name,
              nodes: served.nodes,
              frames: served.frames,
              framesPerSecond: served.times.rate(nowMs),
              p50: served.times.quantile(0.5),
              p95: served.times.quantile(0.95),
              queue: served.queue,
            },
          ],
    );
  }

  drain(): void {
    for (const [stage, { served }] of [...this.#places]) {
      if (served === undefined) this.#end(stage, new RemoteMediaError("peer-busy", "it is ending"), "error");
      else served.drain();
    }
  }

  close(): void {
    this.#isClosed = true;
    const why = new RemoteMediaError("peer-lost", "the session has ended");
    for (const stage of [...this.#places.keys()]) this.#end(stage, why, "nothing");
  }

  #hear(message: StageControl): void {
    if (this.#isClosed) return;
    if (message.type === "open") this.#take(message);
    else if (message.type === "close" && this.#places.get(message.stage)?.open !== undefined) {
      this.#end(message.stage, new RemoteMediaError("peer-lost", "the caller has closed it"), "nothing");
    }
  }

  #take(open: Open): void {
    const { stage } = open;
    const known = this.#places.get(stage);
    if (known?.open !== undefined) throw peerInvalid("a stage that is open already");
    try {
      this.#refuseUnwelcome(open);
      this.#options.admit();
    } catch (thrown) {
      this.#end(stage, toRemoteMediaError(thrown), "error");
      return;
    }
    const place = known ?? this.#placeOf(stage);
    place.open = open;
    this.#make(open, place).catch((thrown: unknown) => {
      if (this.#places.get(stage) === place) this.#end(stage, toRemoteMediaError(thrown), "error");
    });
  }

  /** @throws RemoteMediaError `peer-denied`, `peer-loop` */
  #refuseUnwelcome({ path }: Open): void {
    const { roles, device } = this.#session.peer;
    if (!roles.some((role) => asking.includes(role))) {
      throw new RemoteMediaError("peer-denied", "its membership doesn't let it have anything run by others");
    }
    if (path.includes(this.#options.self) || path.length > maxPath) {
      throw new RemoteMediaError(
        "peer-loop",
        "the stage has come back to where it came from, or came too far",
      );
    }
    if (path.at(-1) !== device) throw peerInvalid("a stage in the name of another device");
  }

  async #make(open: Open, place: Place): Promise<void> {
    const { host, timers } = this.#options;
    const { signal } = place.abort;
    const runner = await host.makeStage(
      {
        caller: this.#session.peer,
        manifest: open.manifest,
        root: open.root,
        wanted: open.wanted,
        package: open.package,
        fetch: openBlobTaker(this.#session, open.package ?? "", timers, signal),
      },
      signal,
    );
    try {
      if (signal.aborted) throw new RemoteMediaError("peer-lost", "the stage isn't wanted any more");
      await runner.open();
      if (signal.aborted) throw new RemoteMediaError("peer-lost", "the stage isn't wanted any more");
    } catch (thrown) {
      await runner.close().catch(() => {});
      throw thrown;
    }
    place.runner = runner;
    this.#begin(open.stage, place);
  }

  #takeChannel(stage: number, channel: Channel): void {
    const place = this.#places.get(stage) ?? this.#placeOf(stage);
    if (this.#isClosed || place.channel !== undefined) {
      channel.close();
      return;
    }
    place.channel = channel;
    channel.onClose(() => {
      const why = new RemoteMediaError("peer-lost", "the stage's channel closed");
      if (this.#places.get(stage) === place) this.#end(stage, why, "nothing");
    });
    this.#begin(stage, place);
  }

  /** Once there is a runner and a way to it. */
  #begin(stage: number, place: Place): void {
    const { open, channel, runner } = place;
    if (open === undefined || channel === undefined || runner === undefined) return;
    place.cancel();
    place.served = new ServedStage({
      open,
      channel,
      runner,
      timers: this.#options.timers,
      onEnd: (why, told) => {
        if (this.#places.get(stage) === place) this.#end(stage, why, told);
      },
    });
    this.#session.send({ type: "ready", stage, window: callWindow, credit: servedCredit });
    place.served.start();
    this.#tell("opened", stage);
  }

  #placeOf(stage: number): Place {
    const why = new RemoteMediaError("peer-lost", "half of it never came");
    const cancel = this.#options.timers.after(halfOpenMs, () => {
      const place = this.#places.get(stage);
      // Making a runner may take longer than that: a package travels first.
      if (place?.open === undefined || place.channel === undefined) this.#end(stage, why, "error");
    });
    const place: Place = {
      abort: new AbortController(),
      cancel,
      open: undefined,
      channel: undefined,
      runner: undefined,
      served: undefined,
    };
    this.#places.set(stage, place);
    return place;
  }

  #end(stage: number, why: RemoteMediaError, told: "bye" | "error" | "nothing"): void {
    const place = this.#places.get(stage);
    this.#places.delete(stage);
    if (place !== undefined) {
      place.cancel();
      place.abort.abort();
      if (place.served !== undefined) place.served.end(why, "nothing");
      else place.runner?.close().catch(() => {});
      place.channel?.close();
    }
    if (told === "bye") this.#session.close(why);
    else if (told === "error" && this.#session.isOpen) {
      // Paths and causes stay here: what a peer is told is the code and a line.
      this.#session.send({ type: "error", stage, error: encodeWireError(why) });
    }
    this.#tell(place?.served === undefined ? "refused" : "ended", stage, why);
    this.#options.onIdle();
  }

  #tell(kind: ServedEvent["kind"], stage: number, error?: RemoteMediaError): void {
    const { device, name } = this.#session.peer;
    this.#options.onEvent({ kind, caller: device, callerName: name, stage, ...(error && { error }) });
  }
}
