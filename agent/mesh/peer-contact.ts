// PeerContact: everything between us and one other device before and while there is a session: ways to it, attempts, the session itself.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { LinkMaker } from "../../platform/contract/link.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import { Attempt, type AttemptBody, showsCertificate } from "./attempt.ts";
import type { Membership } from "./membership.ts";
import type { MeshSession, SessionOptions } from "./session.ts";
import type { DropReason, OpenedSignal } from "./signal-gate.ts";
import { type SignalBody, signalMethods } from "./signal-message.ts";
import type { SignalRoute } from "./signal-transport.ts";

/** What all contacts share. */
export interface ContactParts {
  readonly self: string;
  readonly links: LinkMaker;
  readonly timers: Timers;
  readonly randomWord: () => string;
  seal(to: string, body: SignalBody): string;
  announce(to: string, wantsSession: boolean): string;
  drop(reason: DropReason): void;
  openSession(options: Pick<SessionOptions, "link" | "role" | "device">): Promise<MeshSession>;
  /** A way to a device that needs nothing but its id. */
  routeTo(device: string): SignalRoute | undefined;
  onSession(session: MeshSession): void;
  onChange(): void;
}

/** When what was said is said again, in ms after the first time; the last is when it is given up. */
const patienceMs = [700, 1800, 3500, 5500] as const;
const maxRoutes = 8;
/** Of tries that are begun anew at once when their link is lost before it has become a session. */
const maxRenewals = 3;
/** Candidates may overtake the description that they belong to. */
const maxEarly = 32;

export class PeerContact {
  readonly device: string;
  member: Membership | undefined;
  /** By how much its clock is before ours, in ms. */
  clockOffsetMs: number | undefined;
  session: MeshSession | undefined;
  lastSeenMs: number;
  readonly #parts: ContactParts;
  readonly #routes: SignalRoute[] = [];
  readonly #early: AttemptBody[] = [];
  #attempt: Attempt | undefined;
  #openedAttempt: string | undefined;
  #asked: PromiseWithResolvers<MeshSession> | undefined;
  #cancel = () => {};
  #renewals = 0;

  constructor(device: string, parts: ContactParts) {
    this.device = device;
    this.#parts = parts;
    this.lastSeenMs = parts.timers.monotonicMs();
  }

  get isConnecting(): boolean {
    return this.session === undefined && (this.#asked !== undefined || this.#attempt !== undefined);
  }

  /** The ways to it that are open, those that it has used first. */
  get routes(): readonly SignalRoute[] {
    const known = this.#routes.filter(({ isOpen }) => isOpen);
    const any = this.#parts.routeTo(this.device);
    return any === undefined || known.includes(any) || !any.isOpen ? known : [...known, any];
  }

  /** The session, which is made where there is none. @throws RemoteMediaError `peer-unreachable`, and whatever a session is refused by */
  connect(): Promise<MeshSession> {
    if (this.session !== undefined) return Promise.resolve(this.session);
    if (this.#asked === undefined) {
      this.#asked = Promise.withResolvers();
      // Whoever asked may have gone away before it fails.
      this.#asked.promise.catch(() => {});
      const { promise } = this.#asked;
      this.#renewals = 0;
      this.#orFail(() => this.#begin());
      return promise;
    }
    return this.#asked.promise;
  }

  usedBy(route: SignalRoute): void {
    this.lastSeenMs = this.#parts.timers.monotonicMs();
    if (this.#routes[0] === route) return;
    const open = this.#routes.filter((known) => known !== route && known.isOpen).slice(0, maxRoutes - 1);
    this.#routes.splice(0, this.#routes.length, route, ...open);
  }

  /** What the gate let through. `route` is the way that it came. */
  heard({ from, body, isDoubtful, clockOffsetMs, isReply }: OpenedSignal, route: SignalRoute): void {
    this.clockOffsetMs = clockOffsetMs;
    if (!isDoubtful) {
      this.member = from;
      this.usedBy(route);
    }
    if (body.type === "announce") this.#announced(body.wantsSession, isDoubtful, isReply, route);
    else this.#of(body, from);
  }

  close(why: RemoteMediaError): void {
    this.#cancel();
    this.#attempt?.link.close();
    this.#attempt = undefined;
    this.#asked?.reject(why);
    this.#asked = undefined;
    this.session?.close(why);
  }

  /** The lower id offers; the higher one asks it to. */
  #begin(): void {
    if (this.#isOfferer) this.#offer();
    else this.#send({ announce: true });
    this.#wait(0);
  }

  get #isOfferer(): boolean {
    return this.#parts.self < this.device;
  }

  #offer(): void {
    const { randomWord } = this.#parts;
    this.#send({ announce: false });
    const attempt = this.#attemptOf(randomWord(), "offerer");
    this.#watch(attempt, "offerer");
  }

  /** Says it again while nobody answers, and gives up in the end. */
  #wait(turn: number): void {
    this.#cancel();
    const before = turn === 0 ? 0 : patienceMs[turn - 1]!;
    const dueMs = patienceMs[turn];
    if (dueMs === undefined) {
      const how = this.routes.length === 0 ? "no way to it is open" : "it doesn't answer";
      this.#fail(new RemoteMediaError("peer-unreachable", `${this.#name} can't be reached: ${how}`));
      return;
    }
    this.#cancel = this.#parts.timers.after(dueMs - before, () => {
      if (this.session !== undefined) return;
      if (this.#attempt === undefined) this.#send({ announce: !this.#isOfferer });
      else this.#repeat();
      this.#wait(turn + 1);
    });
  }

  #announced(wantsSession: boolean, isDoubtful: boolean, isReply: boolean, route: SignalRoute): void {
    // An answer isn't answered: two that meet would never stop.
    if (!isReply) route.send(this.device, signalMethods.announce, this.#parts.announce(this.device, false));
    if (isDoubtful) return;
    this.#parts.onChange();
    if (isReply && this.#attempt !== undefined && this.session === undefined) this.#repeat();
    if (!wantsSession || !this.#isOfferer || this.#attempt !== undefined) return;
    // It may have lost a session that looks alive from here.
    if (this.session === undefined) this.connect().catch(() => {});
    else this.#orFail(() => this.#offer());
  }

  /** A machine that can't make a link fails the attempt, not whoever brought the signal. */
  #orFail(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#fail(toRemoteMediaError(thrown));
    }
  }

  #of(body: AttemptBody, from: Membership): void {
    const { drop } = this.#parts;
    if (body.type === "offer" || body.type === "answer") {
      if (!showsCertificate(body.sdp, from.dtlsFingerprint)) {
        drop("fingerprint");
        return;
      }
    }
    // What is said again of the attempt that the session came of, and later tries of its link, come to nobody.
    if (this.#openedAttempt === body.attempt) return;
    if (this.#attempt?.id === body.attempt) {
      // Our answer was lost, perhaps; or it is the next try of a link that races them.
      if (body.type === "offer") this.#attempt.repeat();
      this.#accept(body);
      return;
    }
    if (body.type === "offer" && !this.#isOfferer) this.#orFail(() => this.#answer(body));
    else if (body.type === "candidate") {
      // The newest are worth most: what a peer said of attempts that never came must not keep them out.
      if (this.#early.length >= maxEarly) this.#early.shift();
      this.#early.push(body);
    }
  }

  #answer(offer: AttemptBody): void {
    this.#attempt?.link.close();
    const attempt = this.#attemptOf(offer.attempt, "answerer");
    this.#watch(attempt, "answerer");
    this.#accept(offer);
    for (const body of this.#early.splice(0)) if (body.attempt === attempt.id) this.#accept(body);
  }

  #accept(body: AttemptBody): void {
    try {
      this.#attempt?.accept(body);
    } catch {
      this.#parts.drop("malformed");
    }
  }

  #attemptOf(id: string, role: "offerer" | "answerer"): Attempt {
    const attempt = new Attempt({
      id,
      role,
      links: this.#parts.links,
      send: (body) => {
        const envelope = this.#parts.seal(this.device, body);
        for (const route of this.routes) route.send(this.device, signalMethods[body.type], envelope);
      },
    });
    this.#attempt = attempt;
    return attempt;
  }

  #watch(attempt: Attempt, role: "offerer" | "answerer"): void {
    const { openSession, onChange } = this.#parts;
    openSession({ link: attempt.link, role, device: this.device }).then(
      (session) => this.#opened(session, attempt),
      (thrown: unknown) => {
        if (this.#attempt === attempt) this.#failed(attempt, toRemoteMediaError(thrown));
      },
    );
    onChange();
  }

  /** The other end drops a try for a newer one, of which we may not have heard yet: whoever asked hasn't been refused. */
  #failed(attempt: Attempt, why: RemoteMediaError): void {
    if (why.code !== "peer-lost" || this.#asked === undefined || this.#renewals >= maxRenewals) {
      this.#fail(why);
      return;
    }
    this.#renewals += 1;
    attempt.link.close();
    this.#attempt = undefined;
    if (this.#isOfferer) this.#orFail(() => this.#offer());
    else this.#send({ announce: true });
  }

  /** The newer session takes the place of the older one: the other end wouldn't have made it otherwise. */
  #opened(session: MeshSession, attempt: Attempt): void {
    this.#openedAttempt = attempt.id;
    if (this.#attempt === attempt) {
      this.#attempt = undefined;
      this.#cancel();
    }
    const before = this.session;
    this.session = session;
    before?.close(new RemoteMediaError("peer-lost", `${this.#name} has connected anew`));
    session.onEnd(() => {
      if (this.session === session) this.session = undefined;
      this.#parts.onChange();
    });
    this.#asked?.resolve(session);
    this.#asked = undefined;
    this.#parts.onSession(session);
    this.#parts.onChange();
  }

  #repeat(): void {
    this.#send({ announce: false });
    this.#attempt?.repeat();
  }

  #send({ announce }: { readonly announce: boolean }): void {
    const envelope = this.#parts.announce(this.device, announce);
    for (const route of this.routes) route.send(this.device, signalMethods.announce, envelope);
  }

  #fail(why: RemoteMediaError): void {
    this.#cancel();
    this.#attempt?.link.close();
    this.#attempt = undefined;
    this.#asked?.reject(why);
    this.#asked = undefined;
    this.#parts.onChange();
  }

  get #name(): string {
    return this.member?.name ?? this.device;
  }
}
