// What a device remembers of a channel, and the one step by which a document changes it. Pure: the clock comes in as data.
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { ErrorCode } from "../../platform/base/error-codes.ts";
import {
  type ChannelDocument,
  type ChannelKeys,
  type ChannelTarget,
  isChannelName,
} from "./channel-document.ts";
import { shortKeyId } from "./public-key.ts";
import { compareSemver } from "./semver.ts";
import type { VerifiedChannel } from "./verify-channel.ts";

const dayMs = 24 * 3600 * 1000;
/** How far ahead of a clock that can be believed a document may be dated. */
export const maxAheadMs = dayMs;
/** How long after the program's build a document is believed that no clock can be held against. */
export const maxAgeMs = 3653 * dayMs;
export const maxRevokedEver = 4096;
export const maxRetiredKeys = 256;

export interface ChannelState {
  readonly channel: string;
  /** Counts the keys that were the current one, from 1. */
  readonly generation: number;
  /** The highest version accepted in this generation; 0 before the first. */
  readonly version: number;
  /** The latest `issued` of all that was accepted, in milliseconds since 1970; 0 before the first. */
  readonly latestSignedMs: number;
  readonly keys: ChannelKeys;
  /** Ids of the keys that were the current one: none comes back, or what it signed of old would count again. */
  readonly retired: readonly string[];
  /** Everything that any accepted document revoked. */
  readonly revoked: readonly Digest[];
  /** The highest `min_version` of all that was accepted. */
  readonly minVersion?: string;
  /** What the latest accepted document wants; undefined before the first. */
  readonly target?: ChannelTarget;
}

export interface ChannelClock {
  /** What the device's clock says, in milliseconds since 1970. */
  readonly nowMs: number;
  /** When the program was built: a clock that says less is none. */
  readonly floorMs: number;
}

export interface AppliedChannel {
  readonly state: ChannelState;
  readonly target: ChannelTarget;
  /** Whether `running` is revoked, by this document or an earlier one. */
  readonly runningRevoked: boolean;
}

/** The state before any document: what pairing, or the operator's config, says of a channel. */
export function trustChannel(channel: string, keys: ChannelKeys): ChannelState {
  if (!isChannelName(channel)) throw refusal("channel-invalid", "", "the name of a channel isn't one");
  return { channel, generation: 1, version: 0, latestSignedMs: 0, keys, retired: [], revoked: [] };
}

/** Whether a package may never run again. */
export function isRevoked(state: ChannelState, digest: Digest): boolean {
  return state.revoked.includes(digest);
}

/** The state after a document, or why the document is refused; then the old state stays. `running` is what runs now.
 * The first reason counts, in this order: whose it is, whether it is new, its times, what it wants.
 * @throws RemoteMediaError `channel-untrusted`, `channel-replayed`, `channel-expired`, `channel-future`, `channel-revoked`,
 * `channel-outdated`, `channel-invalid` where a list would grow over its bound */
export function applyChannel(
  state: ChannelState,
  verified: VerifiedChannel,
  clock: ChannelClock,
  running?: Digest,
): AppliedChannel {
  const { document } = verified;
  checkOrigin(state, verified);
  checkVersion(state, document);
  checkTimes(state, document, clock);
  const next = nextState(state, document);
  checkTarget(next, document);
  return {
    state: next,
    target: document.target,
    runningRevoked: running !== undefined && isRevoked(next, running),
  };
}

function checkOrigin(state: ChannelState, { document, trusted }: VerifiedChannel): void {
  const refuse = (why: string) => refusal("channel-untrusted", state.channel, why);
  if (!areSameKeys(trusted, state.keys))
    throw refuse("the channel document was verified by other keys than the channel's");
  if (document.channel !== state.channel)
    throw refuse(`the channel document is one of the channel "${document.channel}"`);
  const returned = [document.keys.current, document.keys.next].find(
    (key) => key !== undefined && state.retired.includes(key.keyId),
  );
  if (returned !== undefined)
    throw refuse(`the channel document brings back the key ${shortKeyId(returned)}, which was retired`);
}

/** A document that passes the channel on begins to count anew, provided that it is dated later than all before: so a
 * version that a stolen key drove up is no obstacle, and a rotation that was never delivered can't be replayed. */
function checkVersion(state: ChannelState, document: ChannelDocument): void {
  if (document.version > state.version) return;
  if (isRotation(state, document) && document.issuedMs > state.latestSignedMs) return;
  const known = document.version === state.version ? "is the latest that was accepted" : "is older";
  throw refusal(
    "channel-replayed",
    state.channel,
    `the channel document has version ${document.version}, which ${known}: ${state.version} is the highest so far`,
  );
}

function checkTimes(state: ChannelState, document: ChannelDocument, { nowMs, floorMs }: ChannelClock): void {
  // A clock that was set back, or that knows no better than 1970, doesn't make an old document young again.
  const known = Math.max(Number.isFinite(nowMs) ? nowMs : 0, floorMs, state.latestSignedMs);
  if (document.expiresMs <= known) {
    throw refusal(
      "channel-expired",
      state.channel,
      `the channel document expired at ${iso(document.expiresMs)}; it is ${iso(known)} at least`,
      "sign a new one; where the clock is wrong, set it",
    );
  }
  const isClock = nowMs >= Math.max(floorMs, state.latestSignedMs - maxAheadMs);
  const limit = isClock ? Math.max(nowMs, state.latestSignedMs) + maxAheadMs : floorMs + maxAgeMs;
  if (document.issuedMs <= limit) return;
  throw refusal(
    "channel-future",
    state.channel,
    `the channel document is dated ${iso(document.issuedMs)}; nothing later than ${iso(limit)} is believed`,
    "set the clock of the machine that signs, or of the device",
  );
}

function nextState(state: ChannelState, document: ChannelDocument): ChannelState {
  const rotation = isRotation(state, document);
  const retired = rotation ? [...state.retired, state.keys.current.keyId] : state.retired;
  const revoked = [...new Set([...state.revoked, ...document.revoked])];
  if (retired.length > maxRetiredKeys || revoked.length > maxRevokedEver)
    throw refusal("channel-invalid", state.channel, "the channel has more history than a device remembers");
  const floors = [state.minVersion, document.minVersion].filter((version) => version !== undefined);
  const minVersion = floors.sort(compareSemver).at(-1);
  return {
    channel: state.channel,
    generation: state.generation + (rotation ? 1 : 0),
    version: document.version,
    latestSignedMs: Math.max(state.latestSignedMs, document.issuedMs),
    keys: document.keys,
    retired,
    revoked,
    ...(minVersion === undefined ? {} : { minVersion }),
    target: document.target,
  };
}

function checkTarget(next: ChannelState, { target }: ChannelDocument): void {
  if (isRevoked(next, target.digest))
    throw refusal(
      "channel-revoked",
      next.channel,
      "the channel document wants a package that is revoked",
      "",
      target,
    );
  if (next.minVersion !== undefined && compareSemver(target.semver, next.minVersion) < 0) {
    throw refusal(
      "channel-outdated",
      next.channel,
      `the channel document wants version ${target.semver}; ${next.minVersion} is the least that may run`,
      "name a newer package: what raised the least version can't lower it",
      target,
    );
  }
}

function isRotation(state: ChannelState, document: ChannelDocument): boolean {
  return document.keys.current.keyId !== state.keys.current.keyId;
}

function areSameKeys(one: ChannelKeys, other: ChannelKeys): boolean {
  return one.current.keyId === other.current.keyId && one.next?.keyId === other.next?.keyId;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function refusal(
  code: ErrorCode,
  channel: string,
  why: string,
  hint = "",
  target?: ChannelTarget,
): RemoteMediaError {
  return new RemoteMediaError(code, channel === "" ? why : `channel "${channel}": ${why}`, {
    ...(target === undefined ? {} : { where: { digest: target.digest } }),
    ...(hint === "" ? {} : { hint }),
  });
}
