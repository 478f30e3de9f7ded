// What is remembered of one sender of signals: who it is, what it was asked to echo, what it has sent already, how often it may try.
import type { Membership } from "./membership.ts";

/** Signals a second that a sender may go on sending, and how many at once. */
const perSecond = 50;
const burst = 200;
const maxNonces = 1024;
const maxChallenges = 8;
/** How long a challenge may be answered. */
const challengeMs = 60_000;

export class SenderRecord {
  member: Membership | undefined;
  /** What it wants to have echoed. */
  theirChallenge: string | undefined;
  readonly #nonces = new Set<string>();
  readonly #challenges = new Map<string, number>();
  #allowance = burst;
  #countedMs: number;

  constructor(nowMs: number) {
    this.#countedMs = nowMs;
  }

  /** Takes one from its allowance, where something is left of it. */
  mayTry(nowMs: number): boolean {
    const earned = ((nowMs - this.#countedMs) * perSecond) / 1000;
    this.#allowance = Math.min(burst, this.#allowance + earned);
    this.#countedMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }

  /** Remembers a nonce; false where it was there. */
  isNew(nonce: string): boolean {
    if (this.#nonces.has(nonce)) return false;
    if (this.#nonces.size >= maxNonces) {
      const [oldest] = this.#nonces;
      if (oldest !== undefined) this.#nonces.delete(oldest);
    }
    this.#nonces.add(nonce);
    return true;
  }

  challenged(challenge: string, nowMs: number): void {
    if (this.#challenges.size >= maxChallenges) {
      const [oldest] = this.#challenges.keys();
      if (oldest !== undefined) this.#challenges.delete(oldest);
    }
    this.#challenges.set(challenge, nowMs);
  }

  isChallenge(echo: string, nowMs: number): boolean {
    const askedMs = this.#challenges.get(echo);
    return askedMs !== undefined && nowMs - askedMs <= challengeMs;
  }
}
