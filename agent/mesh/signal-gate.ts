// SignalGate: seals signals, and lets through only those that a member of the mesh has just sent to us.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import type { PublicKey } from "../trust/public-key.ts";
import { isDeviceId } from "./device-id.ts";
import type { Identity } from "./identity.ts";
import { type Membership, verifyMembership } from "./membership.ts";
import { SenderRecord } from "./sender-record.ts";
import { parseSignalBody, type SignalBody } from "./signal-message.ts";
import { parseSigned, refuseBy, signDocument, verifySigned } from "./signed-document.ts";

export interface GateOptions {
  readonly identity: Identity;
  /** Our own, signed, as it goes to others. */
  readonly membership: Uint8Array;
  /** Of the mesh. */
  readonly rootKey: PublicKey;
  readonly timers: Timers;
  /** When this program was built, in ms since 1970. */
  readonly buildMs: number;
  /** At least 128 bits of chance as a word. */
  readonly randomWord: () => string;
}

export interface OpenedSignal {
  readonly from: Membership;
  readonly body: SignalBody;
  /** By how much the sender's clock is before ours, in ms. */
  readonly clockOffsetMs: number;
  /** A member's announcement that may be an old one: it is answered, so that the sender can prove itself, and nothing else. */
  readonly isDoubtful: boolean;
  /** Whether it echoes a challenge of ours: it answers something. */
  readonly isReply: boolean;
}

/** Why signals were dropped. */
export type DropReason =
  | "malformed"
  | "version"
  | "addressee"
  | "stranger"
  | "expired"
  | "signature"
  | "stale"
  | "replayed"
  | "flood"
  | "fingerprint";

const signalType = "application/vnd.remotemedia.signal.v1+json";
const fields = ["v", "from", "to", "nonce", "time", "echo", "body"];
const version = 1;
/** Clocks may differ by so much; beyond it a sender has to echo our challenge. */
const toleranceMs = 60_000;
/** Devices that are remembered; the one that was silent longest goes first. */
const maxSenders = 4096;
/** Whoever isn't known yet shares one allowance. */
const strangers = "strangers";

export class SignalGate {
  readonly #options: GateOptions;
  readonly #senders = new Map<string, SenderRecord>();
  readonly #dropped = new Map<DropReason, number>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** How many were dropped, by reason. */
  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#dropped;
  }

  /** `to` is empty only for an announcement to whoever is at the other end of a socket. */
  seal(to: string, body: SignalBody): string {
    const { identity, timers, randomWord } = this.#options;
    const signal = {
      v: version,
      from: identity.device,
      to,
      nonce: randomWord(),
      time: timers.wallMs(),
      echo: this.#senders.get(to)?.theirChallenge ?? "",
      body,
    };
    return new TextDecoder().decode(signDocument(signalType, signal, identity.signingKey));
  }

  /** An announcement of ours, with a challenge that its receiver shall echo. */
  announce(to: string, wantsSession: boolean): string {
    const { membership, randomWord, timers } = this.#options;
    const challenge = randomWord();
    this.#record(to === "" ? strangers : to).challenged(challenge, timers.monotonicMs());
    return this.seal(to, {
      type: "announce",
      membership: new TextDecoder().decode(membership),
      challenge,
      wantsSession,
    });
  }

  /** What the signal says; undefined where it was dropped, and counted. */
  open(text: string): OpenedSignal | undefined {
    try {
      return this.#open(text);
    } catch (thrown) {
      if (!(thrown instanceof RemoteMediaError)) throw thrown;
      return this.drop("malformed");
    }
  }

  drop(reason: DropReason): undefined {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
    return undefined;
  }

  #open(text: string): OpenedSignal | undefined {
    const { identity, timers } = this.#options;
    const refuse = refuseBy("peer-invalid", "the signal");
    const bytes = new TextEncoder().encode(text);
    const { envelope, document } = parseSigned(bytes, signalType, fields, refuse);
    const { v, from, to, nonce, time, echo } = document;
    if (v !== version) return this.drop("version");
    if (!isDeviceId(from) || from === identity.device) return this.drop("stranger");
    const body = parseSignalBody(document["body"], refuse);
    if (to !== identity.device && !(to === "" && body.type === "announce")) return this.drop("addressee");
    if (typeof nonce !== "string" || nonce.length > 64 || typeof time !== "number" || !Number.isFinite(time))
      return this.drop("malformed");
    // Before any signature is looked at: that is what costs.
    const nowMs = timers.monotonicMs();
    const known = this.#senders.get(from);
    if (!(known ?? this.#record(strangers)).mayTry(nowMs)) return this.drop("flood");
    const member = this.#memberOf(from, body);
    if (member === undefined) return undefined;
    try {
      verifySigned(envelope, member.publicKey, refuse);
    } catch {
      return this.drop("signature");
    }
    const record = this.#record(from);
    if (!record.isNew(nonce)) return this.drop("replayed");
    const clockOffsetMs = time - timers.wallMs();
    const isEcho = typeof echo === "string" && this.#isOurs(echo, record, nowMs);
    const isFresh = isEcho || Math.abs(clockOffsetMs) <= toleranceMs;
    if (!isFresh && body.type !== "announce") return this.drop("stale");
    // An old announcement may hold a membership that has been replaced.
    if (isFresh) record.member = member;
    if (body.type === "announce") record.theirChallenge = body.challenge;
    return { from: member, body, clockOffsetMs, isDoubtful: !isFresh, isReply: isEcho };
  }

  #isOurs(echo: string, record: SenderRecord, nowMs: number): boolean {
    return record.isChallenge(echo, nowMs) || this.#record(strangers).isChallenge(echo, nowMs);
  }

  #memberOf(from: string, body: SignalBody): Membership | undefined {
    const { rootKey, timers, buildMs } = this.#options;
    const nowMs = timers.wallMs();
    if (body.type !== "announce") {
      const member = this.#senders.get(from)?.member;
      if (member === undefined) return this.drop("stranger");
      if (nowMs >= buildMs && nowMs >= member.expires) return this.drop("expired");
      return member;
    }
    try {
      const bytes = new TextEncoder().encode(body.membership);
      const member = verifyMembership(bytes, { rootKey, nowMs, buildMs });
      return member.device === from ? member : this.drop("stranger");
    } catch (thrown) {
      const isOld = thrown instanceof RemoteMediaError && thrown.code === "membership-expired";
      return this.drop(isOld ? "expired" : "stranger");
    }
  }

  #record(device: string): SenderRecord {
    const known = this.#senders.get(device);
    if (known !== undefined) {
      this.#senders.delete(device);
      this.#senders.set(device, known);
      return known;
    }
    if (this.#senders.size >= maxSenders) {
      const [oldest] = this.#senders.keys();
      if (oldest !== undefined) this.#senders.delete(oldest);
    }
    const record = new SenderRecord(this.#options.timers.monotonicMs());
    this.#senders.set(device, record);
    return record;
  }
}
