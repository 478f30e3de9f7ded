// Signalling over WebSockets, for peers that have no broker: those that come to us, those whose address we were told.
import { toRemoteMediaError } from "../../platform/base/error.ts";
import type { TextSocket, TextSocketServer, TextSockets } from "../../platform/contract/text-socket.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import { parseRequest, writeList, writeSignal } from "./json-rpc.ts";
import type { SignalEvents, SignalRoute, SignalTransport } from "./signal-transport.ts";

export interface SocketSignallingOptions {
  readonly sockets: TextSockets;
  readonly timers: Timers;
  /** Absent: nobody can come to us. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined;
  /** Peers that are called again and again until they answer, as `ws://host:port`. */
  readonly urls: readonly string[];
  /** For `peer.list`: those that a member is told of. */
  readonly listPeers: () => readonly { device: string; name: string }[];
}

const firstPauseMs = 1000;
const longestPauseMs = 30_000;
/** Addresses come from the local network too, where anybody names as many as they like. */
const maxKept = 256;

export class SocketSignalling implements SignalTransport {
  readonly name = "websocket";
  readonly #options: SocketSignallingOptions;
  readonly #open = new Map<string, Promise<SocketRoute>>();
  readonly #kept = new Set<string>();
  readonly #cancels = new Set<() => void>();
  readonly #stopped = new AbortController();
  #events: SignalEvents | undefined;
  #server: TextSocketServer | undefined;

  constructor(options: SocketSignallingOptions) {
    this.#options = options;
  }

  /** Where it listens; undefined where it doesn't. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  start(events: SignalEvents): void {
    this.#events = events;
    for (const url of this.#options.urls) this.keep(url);
  }

  /** @throws RemoteMediaError `config-invalid` where the address can't be listened on */
  async listen(): Promise<void> {
    const { sockets, listen } = this.#options;
    if (listen === undefined) return;
    this.#server = await sockets.listen(listen, (socket) => this.#serve(socket, socket.remoteAddress));
  }

  routeTo(): undefined {
    return undefined;
  }

  /** Calls a peer until it answers, and again when it is lost. Idempotent. */
  keep(url: string): void {
    if (this.#kept.has(url) || this.#kept.size >= maxKept) return;
    this.#kept.add(url);
    this.#call(url, firstPauseMs);
  }

  /** The way to the peer at this address. @throws RemoteMediaError `peer-unreachable` */
  connect(url: string): Promise<SignalRoute> {
    let opening = this.#open.get(url);
    if (opening === undefined) {
      opening = this.#dial(url);
      this.#open.set(url, opening);
      opening.catch(() => this.#open.delete(url));
    }
    return opening;
  }

  async #dial(url: string): Promise<SocketRoute> {
    const socket = await this.#options.sockets.connect(url, this.#stopped.signal);
    socket.onClose(() => this.#open.delete(url));
    return this.#serve(socket, url);
  }

  #call(url: string, pauseMs: number): void {
    const again = (waitMs: number, nextMs: number) => {
      if (this.#stopped.signal.aborted) return;
      const cancel = this.#options.timers.after(waitMs, () => {
        this.#cancels.delete(cancel);
        this.#call(url, nextMs);
      });
      this.#cancels.add(cancel);
    };
    this.connect(url).then(
      (route) => (route as SocketRoute).onClose(() => again(firstPauseMs, firstPauseMs)),
      (thrown: unknown) => {
        toRemoteMediaError(thrown);
        again(pauseMs, Math.min(longestPauseMs, pauseMs * 2));
      },
    );
  }

  #serve(socket: TextSocket, name: string): SocketRoute {
    const route = new SocketRoute(socket, name);
    socket.onText((text) => {
      const request = parseRequest(text);
      if (request.kind === "signal") this.#events?.onSignal(request.envelope, route);
      else if (request.kind === "refused") socket.send(request.answer);
      // Who we know is for members: whoever has shown nothing yet hears of nobody.
      else if (request.kind === "list") {
        socket.send(writeList(request.id, route.isMember ? this.#options.listPeers() : []));
      }
    });
    this.#events?.onRoute(route);
    return route;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    for (const cancel of this.#cancels) cancel();
    const open = await Promise.allSettled(this.#open.values());
    for (const result of open) if (result.status === "fulfilled") result.value.close();
    await this.#server?.[Symbol.asyncDispose]();
  }
}

export class SocketRoute implements SignalRoute {
  readonly name: string;
  /** Whether a member has proven itself on it. */
  isMember = false;
  readonly #socket: TextSocket;

  constructor(socket: TextSocket, name: string) {
    this.#socket = socket;
    this.name = name;
  }

  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  send(_to: string, method: string, envelope: string): void {
    this.#socket.send(writeSignal(method, envelope));
  }

  onClose(listener: () => void): void {
    this.#socket.onClose(listener);
  }

  close(): void {
    this.#socket.close();
  }
}
