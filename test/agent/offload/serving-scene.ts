// The serving side by hand: a session whose other end is the test, which says and hears every message itself.
import type { Frame } from "../../../agent/node/frame.ts";
import type { NodeRunner, Outcome } from "../../../agent/node/runner.ts";
import type { StageRequest } from "../../../agent/offload/stage-host.ts";
import { StageServer, type StageServerOptions } from "../../../agent/offload/stage-server.ts";
import type { Open, StageMessage } from "../../../agent/protocol/control-message.ts";
import type { PeerSession, Role, StageControl } from "../../../agent/protocol/peer-session.ts";
import { encodeStageMessage } from "../../../agent/protocol/stage-pieces.ts";
import { StageReader } from "../../../agent/protocol/stage-reader.ts";
import type { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Channel } from "../../../platform/contract/link.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";

/** A node that gives back what it gets, after `serviceMs`, and `flush` an empty outcome. */
export class SlowEcho implements NodeRunner {
  readonly window = 4;
  isClosed = false;
  processed = 0;
  most = 0;
  #inside = 0;
  readonly #timers: FakeTimers;
  readonly #serviceMs: number;
  readonly #copies: number;
  readonly #failures: Outcome["failures"];
  #tail: Promise<unknown> = Promise.resolve();

  constructor(timers: FakeTimers, serviceMs: number, copies: number, failures: Outcome["failures"]) {
    this.#timers = timers;
    this.#serviceMs = serviceMs;
    this.#copies = copies;
    this.#failures = failures;
  }

  async open(): Promise<void> {}

  process(frame: Frame): Promise<Outcome> {
    this.#inside += 1;
    this.most = Math.max(this.most, this.#inside);
    const done = this.#tail.then(async (): Promise<Outcome> => {
      await new Promise<void>((resolve) => this.#timers.after(this.#serviceMs, resolve));
      this.#inside -= 1;
      this.processed += 1;
      const emission = { node: "echo", frame: { ...frame, port: "out" } };
      const hidden = { node: "echo", frame: { ...frame, port: "unwanted" } };
      return {
        emissions: [...Array.from({ length: this.#copies }, () => emission), hidden],
        failures: this.#failures,
      };
    });
    this.#tail = done;
    return done;
  }

  async flush(): Promise<Outcome> {
    return { emissions: [], failures: [] };
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  metrics() {
    return new Map([["echo", undefined as never]]);
  }
}

/** One end of a channel that loses nothing; what the server sends is read at once. */
export class HandChannel implements Channel {
  readonly label: string;
  state: Channel["state"] = "open";
  readonly maxMessageBytes = 65_536;
  bufferedBytes = 0;
  readonly heard: StageMessage[] = [];
  readonly #reader = new StageReader({ from: "peer" });
  #listener: ((bytes: Uint8Array) => void) | undefined;
  #early: Uint8Array[] = [];
  readonly #closes: (() => void)[] = [];

  constructor(stage: number) {
    this.label = `stage-${stage}`;
  }

  send(bytes: Uint8Array): void {
    const message = this.#reader.push(bytes);
    if (message !== undefined) this.heard.push(message);
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
    for (const bytes of this.#early.splice(0)) listener(bytes);
  }

  onLow(): void {}

  onClose(listener: () => void): void {
    this.#closes.push(listener);
  }

  close(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    for (const listener of this.#closes.splice(0)) listener();
  }

  /** The caller says something. */
  say(message: StageMessage): void {
    for (const piece of encodeStageMessage(message)) this.sayBytes(piece);
  }

  sayBytes(bytes: Uint8Array): void {
    if (this.#listener === undefined) this.#early.push(bytes);
    else this.#listener(bytes);
  }

  sayFrame(call: number, bytes = 4, port = "in"): void {
    this.say({
      type: "frame",
      call,
      node: "",
      port,
      pts: call,
      payload: { kind: "bytes" },
      data: new Uint8Array(bytes).fill(call),
    });
  }

  /** The calls' ends, also those that came with a frame. */
  get acks(): Extract<StageMessage, { type: "ack" }>[] {
    return this.heard.flatMap((message): Extract<StageMessage, { type: "ack" }>[] => {
      if (message.type === "ack") return [message];
      if (message.type !== "frame" || message.ended === undefined) return [];
      return [{ type: "ack", call: message.call, failures: [], ...message.ended }];
    });
  }

  get frames() {
    return this.heard.flatMap((message) => (message.type === "frame" ? [message] : []));
  }
}

export class HandSession implements PeerSession {
  readonly peer;
  isOpen = true;
  readonly statement = undefined as never;
  readonly load = undefined;
  readonly rttMs = undefined;
  readonly said: StageControl[] = [];
  ended: RemoteMediaError | undefined;
  readonly #messages = new Set<(message: StageControl) => void>();
  readonly #ends: ((why: RemoteMediaError) => void)[] = [];
  #onChannel: ((stage: number, channel: Channel) => void) | undefined;

  constructor(roles: readonly Role[], device = "caller") {
    this.peer = { device, name: device, mesh: "mesh", roles };
  }

  send(message: StageControl): void {
    this.said.push(message);
  }

  onMessage(listener: (message: StageControl) => void): () => void {
    this.#messages.add(listener);
    return () => this.#messages.delete(listener);
  }

  openStageChannel(): never {
    throw new TypeError("the serving side opens none");
  }

  onStageChannel(listener: (stage: number, channel: Channel) => void): void {
    this.#onChannel = listener;
  }

  onNews(): () => void {
    return () => {};
  }

  onEnd(listener: (why: RemoteMediaError) => void): () => void {
    this.#ends.push(listener);
    return () => {};
  }

  statistics() {
    return undefined as never;
  }

  close(why: RemoteMediaError): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.ended = why;
    for (const listener of this.#ends) listener(why);
  }

  hear(message: StageControl): void {
    for (const listener of [...this.#messages]) listener(message);
  }

  channel(stage: number): HandChannel {
    const channel = new HandChannel(stage);
    this.#onChannel?.(stage, channel);
    return channel;
  }
}

export function openServing(
  changes: Partial<StageServerOptions> & {
    serviceMs?: number;
    copies?: number;
    failures?: Outcome["failures"];
    roles?: readonly Role[];
  } = {},
) {
  const timers = new FakeTimers();
  const runners: SlowEcho[] = [];
  const requests: StageRequest[] = [];
  const { serviceMs = 10, copies = 1, failures = [], roles = ["capture"], ...options } = changes;
  const server = new StageServer({
    self: "server",
    timers,
    host: {
      makeStage: async (request) => {
        requests.push(request);
        const runner = new SlowEcho(timers, serviceMs, copies, failures);
        runners.push(runner);
        return runner;
      },
    },
    ...options,
  });
  const session = new HandSession(roles);
  server.attach(session);
  return { timers, server, session, runners, requests, settle: () => timers.advance(0) };
}

export function openOf(stage: number, changes: Partial<Open> = {}): Open {
  return {
    type: "open",
    stage,
    manifest: "{}",
    root: "echo",
    wanted: ["echo.out"],
    package: undefined,
    deadlineMs: 0,
    path: ["caller"],
    credit: { frames: 1000, bytes: 1e8 },
    ...changes,
  };
}
