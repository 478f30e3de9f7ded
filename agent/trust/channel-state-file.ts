// The state of a channel as bytes, for the disk: versioned, with a checksum, every field checked again when it is read.
import { createHash } from "node:crypto";
import { isDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import {
  type ChannelTarget,
  formatChannelKeys,
  isChannelName,
  parseChannelKeys,
} from "./channel-document.ts";
import { type ChannelState, maxRetiredKeys, maxRevokedEver } from "./channel-state.ts";
import { isSemver } from "./semver.ts";
import { type JsonObject, parseStrictJson, readObject } from "./strict-json.ts";

/** Above what the bounds of the state allow. */
const maxStateBytes = 1024 * 1024;
const formatVersion = 1;
const headBytes = "sha256:".length + 64 + 1;

/** One line with the checksum of the rest, then JSON. */
export function encodeChannelState(state: ChannelState): Uint8Array {
  const { channel, generation, version, latestSignedMs, retired, revoked, minVersion, target } = state;
  const body = JSON.stringify({
    v: formatVersion,
    channel,
    generation,
    version,
    latest_signed: latestSignedMs,
    keys: formatChannelKeys(state.keys),
    retired,
    revoked,
    ...(minVersion === undefined ? {} : { min_version: minVersion }),
    ...(target === undefined ? {} : { target }),
  });
  return new TextEncoder().encode(`${checksum(Buffer.from(body))}\n${body}`);
}

/** What `encodeChannelState` wrote. Anything else is refused: a device that forgets takes yesterday's documents for new.
 * @throws RemoteMediaError `store-failed` */
export function parseChannelState(bytes: Uint8Array): ChannelState {
  const head = new TextDecoder().decode(bytes.subarray(0, headBytes));
  const body = bytes.subarray(headBytes);
  if (head !== `${checksum(body)}\n`) throw refuse("is damaged");
  const fields = ["v", "channel", "generation", "version", "latest_signed", "keys", "retired", "revoked"];
  const json = parseStrictJson(body, { maxBytes: maxStateBytes, maxDepth: 4 }, refuse);
  const read = readObject(json, "it", [...fields, "min_version", "target"], refuse);
  if (read["v"] !== formatVersion) throw refuse("is of a version that this program doesn't know");
  const { channel, min_version: minVersion } = read;
  if (!isChannelName(channel)) throw refuse("names no channel");
  if (minVersion !== undefined && !isSemver(minVersion)) throw refuse("has a wrong min_version");
  return {
    channel,
    generation: readCount(read, "generation", 1),
    version: readCount(read, "version", 0),
    latestSignedMs: readCount(read, "latest_signed", 0),
    keys: parseChannelKeys(read["keys"], refuse),
    retired: readList(read, "retired", maxRetiredKeys, isKeyId),
    revoked: readList(read, "revoked", maxRevokedEver, isDigest),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(read["target"] === undefined ? {} : { target: readTarget(read["target"]) }),
  };
}

function refuse(why: string): RemoteMediaError {
  return new RemoteMediaError("store-failed", `what is remembered of a channel ${why}`, {
    hint: "pair the device anew: without it, an old document can't be told from a new one",
  });
}

function checksum(body: Uint8Array): string {
  return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

function readCount(read: JsonObject, field: string, least: number): number {
  const value = read[field];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least)
    throw refuse(`has a wrong ${field}`);
  return value;
}

function readList<Entry>(
  read: JsonObject,
  field: string,
  most: number,
  isEntry: (value: unknown) => value is Entry,
): readonly Entry[] {
  const value = read[field];
  if (!Array.isArray(value) || value.length > most || !value.every(isEntry))
    throw refuse(`has a wrong list ${field}`);
  return value;
}

function isKeyId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function readTarget(value: unknown): ChannelTarget {
  const { digest, semver } = readObject(value, "its target", ["digest", "semver"], refuse);
  if (!isDigest(digest) || !isSemver(semver)) throw refuse("has a wrong target");
  return { digest, semver };
}
