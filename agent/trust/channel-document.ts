// The channel document: what a device is to run, until when to believe that, and whose word counts from now on.
import { type Digest, isDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { formatEnvelope, signEnvelope } from "./dsse.ts";
import { type PublicKey, parsePublicKey } from "./public-key.ts";
import type { Refuse } from "./refuse.ts";
import { isSemver } from "./semver.ts";
import type { SigningKey } from "./signing-key.ts";
import { parseStrictJson, readObject } from "./strict-json.ts";

export const channelType = "application/vnd.remotemedia.channel.v1+json";
/** Of a signed document, in bytes: it travels within messages. */
export const maxChannelBytes = 256 * 1024;
export const maxRevoked = 1024;
export const maxLifetimeMs = 400 * 24 * 3600 * 1000;

/** Whose signatures a channel's documents need. */
export interface ChannelKeys {
  readonly current: PublicKey;
  /** Announced: where it is there, the channel passes on to no other key. */
  readonly next?: PublicKey;
}

export interface ChannelTarget {
  /** Of the package's manifest. */
  readonly digest: Digest;
  /** The pipeline's version, as in semantic versioning. */
  readonly semver: string;
}

export interface ChannelDocument {
  /** The channel's name: letters, digits and `. _ / -` between them, at most 128. */
  readonly channel: string;
  /** Counts up with every document, from 1. */
  readonly version: number;
  /** Milliseconds since 1970, as all times here. */
  readonly issuedMs: number;
  /** After `issuedMs`, by at most 400 days. */
  readonly expiresMs: number;
  readonly target: ChannelTarget;
  /** What is older than this version isn't run any more, whatever later documents say. */
  readonly minVersion?: string;
  /** What is never to run again; at most 1024, each once. */
  readonly revoked: readonly Digest[];
  readonly keys: ChannelKeys;
}

const refuseDocument: Refuse = (why) =>
  new RemoteMediaError("channel-invalid", `the channel document ${why}`);

/** Whether a value may be a channel's name. */
export function isChannelName(value: unknown): value is string {
  return (
    typeof value === "string" && value.length <= 128 && /^[A-Za-z0-9]+(?:[._/-][A-Za-z0-9]+)*$/.test(value)
  );
}

/** Parses the payload of an envelope; nothing in it is proven by that. Unknown fields are refused.
 * @throws RemoteMediaError `channel-invalid` */
export function parseChannelDocument(payload: Uint8Array): ChannelDocument {
  const refuse = refuseDocument;
  const json = parseStrictJson(payload, { maxBytes: maxChannelBytes, maxDepth: 4 }, refuse);
  const fields = ["channel", "version", "issued", "expires", "target", "min_version", "revoked", "keys"];
  const read = readObject(json, "the document", fields, refuse);
  const { channel, version, revoked = [], min_version: minVersion } = read;
  if (!isChannelName(channel)) throw refuse("has no channel name that we take");
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1)
    throw refuse("has no version that is a whole number from 1 on");
  if (minVersion !== undefined && !isSemver(minVersion))
    throw refuse("has a min_version that isn't a semantic version");
  return checkLifetime({
    channel,
    version,
    issuedMs: parseTime(read["issued"], "issued"),
    expiresMs: parseTime(read["expires"], "expires"),
    target: parseTarget(read["target"]),
    ...(minVersion === undefined ? {} : { minVersion }),
    revoked: parseRevoked(revoked),
    keys: parseChannelKeys(read["keys"], refuse),
  });
}

function checkLifetime(document: ChannelDocument): ChannelDocument {
  const lifetimeMs = document.expiresMs - document.issuedMs;
  if (lifetimeMs <= 0) throw refuseDocument("expires before it was issued");
  if (lifetimeMs > maxLifetimeMs) throw refuseDocument("is good for more than 400 days");
  return document;
}

function parseTime(value: unknown, field: string): number {
  const refusal = refuseDocument(`has no time in ${field} such as "2030-01-31T12:00:00Z"`);
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(value))
    throw refusal;
  const time = Date.parse(value);
  // The 30th of February, and 24 o'clock, are other times to `Date.parse`.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(value.slice(0, 19))) throw refusal;
  return time;
}

function parseTarget(value: unknown): ChannelTarget {
  const { digest, semver } = readObject(value, "its target", ["digest", "semver"], refuseDocument);
  if (!isDigest(digest)) throw refuseDocument("has a target without a sha256 digest");
  if (!isSemver(semver)) throw refuseDocument("has a target without a semantic version");
  return { digest, semver };
}

function parseRevoked(value: unknown): readonly Digest[] {
  if (!Array.isArray(value) || !value.every(isDigest))
    throw refuseDocument("has a list of what is revoked that isn't one of sha256 digests");
  if (value.length > maxRevoked) throw refuseDocument(`revokes more than ${maxRevoked} packages`);
  if (new Set(value).size < value.length) throw refuseDocument("revokes a package twice");
  return value;
}

/** Parses `{current, next}`, each a public key in PEM. */
export function parseChannelKeys(value: unknown, refuse: Refuse): ChannelKeys {
  const { current, next } = readObject(value, "its keys", ["current", "next"], refuse);
  const keys = {
    current: parseKey(current, "current", refuse),
    ...(next === undefined ? {} : { next: parseKey(next, "next", refuse) }),
  };
  if (keys.next?.keyId === keys.current.keyId) throw refuse("names one key as the current and the next one");
  return keys;
}

function parseKey(value: unknown, field: string, refuse: Refuse): PublicKey {
  if (typeof value !== "string") throw refuse(`has no ${field} key in PEM`);
  try {
    return parsePublicKey(value);
  } catch (cause) {
    throw refuse(`has a ${field} key that we can't take: ${cause instanceof Error ? cause.message : ""}`);
  }
}

/** `keys` as `parseChannelKeys` takes it. */
export function formatChannelKeys({ current, next }: ChannelKeys): object {
  return { current: current.pem, ...(next === undefined ? {} : { next: next.pem }) };
}

/** The payload of a document. @throws RemoteMediaError `channel-invalid` where the document isn't one that `parseChannelDocument` takes */
export function encodeChannelDocument(document: ChannelDocument): Uint8Array {
  const { channel, version, target, minVersion, revoked } = document;
  const time = (ms: number) => {
    const date = new Date(ms);
    return Number.isNaN(date.getTime()) ? "" : date.toISOString();
  };
  const bytes = new TextEncoder().encode(
    JSON.stringify({
      channel,
      version,
      issued: time(document.issuedMs),
      expires: time(document.expiresMs),
      target: { digest: target.digest, semver: target.semver },
      ...(minVersion === undefined ? {} : { min_version: minVersion }),
      revoked,
      keys: formatChannelKeys(document.keys),
    }),
  );
  parseChannelDocument(bytes);
  return bytes;
}

/** Signs a document: with the current key, and with every key that a device is to learn from it (`verifyChannel` says which).
 * @returns the envelope, as bytes of JSON. @throws RemoteMediaError `channel-invalid`, `usage` without a key */
export function signChannel(document: ChannelDocument, keys: readonly SigningKey[]): Uint8Array {
  if (keys.length === 0) throw new RemoteMediaError("usage", "a channel document needs a key to sign it");
  const envelope = signEnvelope(channelType, encodeChannelDocument(document), keys);
  return new TextEncoder().encode(JSON.stringify(formatEnvelope(envelope)));
}
