// openMesh: this device among the others of its mesh: who is there, sessions with them, and who comes to us.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { LinkMaker } from "../../platform/contract/link.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { Load } from "../protocol/control-message.ts";
import type { PeerSession, Role } from "../protocol/peer-session.ts";
import type { PublicKey } from "../trust/public-key.ts";
import type { Identity } from "./identity.ts";
import { verifyMembership } from "./membership.ts";
import { type ContactParts, PeerContact } from "./peer-contact.ts";
import { type MeshSession, openSession } from "./session.ts";
import { SignalGate } from "./signal-gate.ts";
import { signalMethods } from "./signal-message.ts";
import type { SignalRoute, SignalTransport } from "./signal-transport.ts";
import { SocketRoute } from "./socket-signalling.ts";

export interface MeshOptions {
  readonly identity: Identity;
  /** Our own, signed. */
  readonly membership: Uint8Array;
  readonly rootKey: PublicKey;
  readonly links: LinkMaker;
  readonly transports: readonly SignalTransport[];
  readonly timers: Timers;
  readonly randomWord: () => string;
  /** When this program was built, in ms since 1970. */
  readonly buildMs: number;
  /** The program's version. */
  readonly agent: string;
  readonly statement: () => CapabilityStatement;
  /** Whether sessions are made with everybody who is heard of (at most 64), not only with those who are asked for. Default false. */
  readonly reachesAll?: boolean;
}

/** A device of the mesh as we know it. */
export interface PeerEntry {
  readonly device: string;
  /** The id where its membership hasn't been seen. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** Ways to it. */
  readonly via: readonly string[];
  readonly state: "none" | "connecting" | "open";
  readonly session: PeerSession | undefined;
  readonly clockOffsetMs: number | undefined;
}

export interface Mesh extends AsyncDisposable {
  peers(): readonly PeerEntry[];
  /** The session with a device; made where there is none. @throws RemoteMediaError `peer-unreachable`, `peer-*`, `membership-*` */
  session(device: string): Promise<PeerSession>;
  /** The session with whoever answers on a way, such as a socket. @throws RemoteMediaError as `session` */
  meet(route: SignalRoute): Promise<PeerSession>;
  /** Told each session as it opens, whoever wanted it. */
  onSession(listener: (session: PeerSession) => void): void;
  /** Told when somebody came, went, or can be reached otherwise. */
  onChange(listener: () => void): void;
  tellLoad(load: Load): void;
  tellStatement(statement: CapabilityStatement): void;
  counters(): Readonly<Record<string, number>>;
}

const maxContacts = 4096;
const maxReached = 64;
const meetMs = 5500;
const firstPauseMs = 1000;
const longestPauseMs = 30_000;
/** Whoever has shown nothing by then is no more tried, until it is heard of again. */
const longestUnknownMs = 4000;

export function openMesh(options: MeshOptions): Mesh {
  return new OpenMesh(options);
}

class OpenMesh implements Mesh {
  readonly #options: MeshOptions;
  readonly #gate: SignalGate;
  readonly #contacts = new Map<string, PeerContact>();
  readonly #pauses = new Map<string, { pauseMs: number; cancel: () => void }>();
  readonly #sessionListeners: ((session: PeerSession) => void)[] = [];
  readonly #changeListeners: (() => void)[] = [];
  readonly #meetings = new Map<SignalRoute, PromiseWithResolvers<PeerContact>>();
  readonly #parts: ContactParts;
  #sessions = 0;
  #isClosed = false;

  constructor(options: MeshOptions) {
    this.#options = options;
    const {
      identity,
      membership,
      rootKey,
      links,
      transports,
      timers,
      randomWord,
      buildMs,
      agent,
      statement,
    } = options;
    const gate = new SignalGate({ identity, membership, rootKey, timers, buildMs, randomWord });
    this.#gate = gate;
    this.#parts = {
      self: identity.device,
      links,
      timers,
      randomWord,
      seal: (to, body) => gate.seal(to, body),
      announce: (to, wantsSession) => gate.announce(to, wantsSession),
      drop: (reason) => gate.drop(reason),
      openSession: (what) =>
        openSession({
          ...what,
          timers,
          membership,
          agent,
          statement,
          verify: (bytes) => verifyMembership(bytes, { rootKey, nowMs: timers.wallMs(), buildMs }),
        }),
      routeTo: (device) => {
        for (const transport of transports) {
          const route = transport.routeTo(device);
          if (route?.isOpen) return route;
        }
        return undefined;
      },
      onSession: (session) => this.#opened(session),
      onChange: () => this.#changed(),
    };
    for (const transport of transports) {
      transport.start({
        onSignal: (envelope, route) => this.#heard(envelope, route),
        onRoute: (route) => route.send("", signalMethods.announce, gate.announce("", false)),
        onDevice: (device, isThere) => {
          if (isThere) this.#reach(this.#contact(device));
        },
      });
    }
  }

  peers(): readonly PeerEntry[] {
    return [...this.#contacts.values()].map((contact) => ({
      device: contact.device,
      name: contact.member?.name ?? contact.device,
      roles: contact.member?.roles ?? [],
      via: [...new Set(contact.routes.map(({ name }) => name))],
      state: contact.session !== undefined ? "open" : contact.isConnecting ? "connecting" : "none",
      session: contact.session,
      clockOffsetMs: contact.clockOffsetMs,
    }));
  }

  async session(device: string): Promise<PeerSession> {
    this.#refuseClosed();
    return await this.#contact(device).connect();
  }

  async meet(route: SignalRoute): Promise<PeerSession> {
    this.#refuseClosed();
    let meeting = this.#meetings.get(route);
    if (meeting === undefined) {
      meeting = Promise.withResolvers();
      this.#meetings.set(route, meeting);
      route.send("", signalMethods.announce, this.#gate.announce("", false));
    }
    const { promise, reject } = meeting;
    const cancel = this.#options.timers.after(meetMs, () =>
      reject(
        new RemoteMediaError(
          "peer-unreachable",
          `${route.name} didn't show itself as a member of this mesh`,
          {
            hint: "remotemedia mesh show tells which mesh a device belongs to; its agent must run",
          },
        ),
      ),
    );
    try {
      const contact = await promise;
      return await contact.connect();
    } finally {
      cancel();
      this.#meetings.delete(route);
    }
  }

  onSession(listener: (session: PeerSession) => void): void {
    this.#sessionListeners.push(listener);
  }

  onChange(listener: () => void): void {
    this.#changeListeners.push(listener);
  }

  tellLoad(load: Load): void {
    for (const { session } of this.#contacts.values()) session?.tell(load);
  }

  tellStatement(statement: CapabilityStatement): void {
    for (const { session } of this.#contacts.values()) session?.tell({ type: "statement", statement });
  }

  counters(): Readonly<Record<string, number>> {
    const dropped = [...this.#gate.dropped].map(
      ([reason, count]) => [`signals_dropped_${reason}`, count] as const,
    );
    return { sessions_opened: this.#sessions, ...Object.fromEntries(dropped) };
  }

  #heard(envelope: string, route: SignalRoute): void {
    if (this.#isClosed) return;
    const signal = this.#gate.open(envelope);
    if (signal === undefined) return;
    const contact = this.#contact(signal.from.device);
    contact.heard(signal, route);
    if (signal.isDoubtful) return;
    if (route instanceof SocketRoute) route.isMember = true;
    this.#meetings.get(route)?.resolve(contact);
    this.#reach(contact);
  }

  /** Where everybody is to be reached: connects, and tries again after growing pauses. */
  #reach(contact: PeerContact): void {
    const { reachesAll = false, timers } = this.#options;
    if (!reachesAll || this.#isClosed || contact.session !== undefined || contact.isConnecting) return;
    const { device } = contact;
    const waiting = this.#pauses.get(device);
    if (waiting !== undefined) return;
    // Anybody at a broker can name devices that nobody has: those take no more than half of the places.
    if (this.#pauses.size + this.#busy >= (contact.member === undefined ? maxReached / 2 : maxReached))
      return;
    const retry = (waitMs: number) => {
      const cancel = timers.after(waitMs, () => {
        this.#pauses.delete(device);
        attempt(Math.min(longestPauseMs, waitMs * 2));
      });
      this.#pauses.set(device, { pauseMs: waitMs, cancel });
    };
    const attempt = (nextMs: number) => {
      if (this.#isClosed || contact.session !== undefined || contact.routes.length === 0) return;
      contact.connect().catch(() => {
        const isHopeless = contact.member === undefined && nextMs > longestUnknownMs;
        if (!this.#isClosed && !isHopeless) retry(nextMs);
      });
    };
    attempt(firstPauseMs);
  }

  get #busy(): number {
    let busy = 0;
    for (const { session, isConnecting } of this.#contacts.values()) {
      if (session !== undefined || isConnecting) busy += 1;
    }
    return busy;
  }

  #opened(session: MeshSession): void {
    this.#sessions += 1;
    session.onEnd(() => {
      const contact = this.#contacts.get(session.peer.device);
      // A session that was lost is wanted back.
      if (contact !== undefined) this.#options.timers.after(0, () => this.#reach(contact));
    });
    for (const listener of this.#sessionListeners) {
      try {
        listener(session);
      } catch (thrown) {
        session.close(toRemoteMediaError(thrown));
      }
    }
  }

  #changed(): void {
    for (const listener of this.#changeListeners) {
      try {
        listener();
      } catch {
        // Whoever looks on breaks nothing.
      }
    }
  }

  #contact(device: string): PeerContact {
    const known = this.#contacts.get(device);
    if (known !== undefined) return known;
    if (this.#contacts.size >= maxContacts) this.#forgetOne();
    const contact = new PeerContact(device, this.#parts);
    this.#contacts.set(device, contact);
    return contact;
  }

  /** The one without a session that was silent longest. */
  #forgetOne(): void {
    let oldest: PeerContact | undefined;
    for (const contact of this.#contacts.values()) {
      if (contact.session !== undefined || contact.isConnecting) continue;
      if (oldest === undefined || contact.lastSeenMs < oldest.lastSeenMs) oldest = contact;
    }
    if (oldest !== undefined) this.#contacts.delete(oldest.device);
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new RemoteMediaError("peer-unreachable", "the mesh is closed");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const why = new RemoteMediaError("peer-lost", "the agent has ended");
    for (const { cancel } of this.#pauses.values()) cancel();
    for (const contact of this.#contacts.values()) contact.close(why);
    for (const transport of this.#options.transports) await transport[Symbol.asyncDispose]();
  }
}
