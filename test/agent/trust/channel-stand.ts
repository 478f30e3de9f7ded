// Keys and channel documents for tests.
import { generateKeyPairSync } from "node:crypto";
import { expect } from "vitest";
import {
  type ChannelDocument,
  type ChannelKeys,
  signChannel,
} from "../../../agent/trust/channel-document.ts";
import { openSigningKey, type SigningKey } from "../../../agent/trust/signing-key.ts";
import { type VerifiedChannel, verifyChannel } from "../../../agent/trust/verify-channel.ts";
import type { Digest } from "../../../platform/base/digest.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { dayMs, nowMs } from "./channel-times.ts";

export { dayMs, floorMs, nowMs } from "./channel-times.ts";

export function makeKey(): SigningKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return openSigningKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString(), undefined);
}

export const [keyA, keyB, keyC] = [makeKey(), makeKey(), makeKey()] as [SigningKey, SigningKey, SigningKey];

export function keys(current: SigningKey, next?: SigningKey): ChannelKeys {
  return { current: current.publicKey, ...(next === undefined ? {} : { next: next.publicKey }) };
}

/** A digest of nothing, which differs by `fill`, a hexadecimal digit. */
export function digest(fill: string | number): Digest {
  return `sha256:${fill.toString().repeat(64).slice(0, 64)}`;
}

/** A document that a device takes at `nowMs`, but for what is said otherwise. */
export function makeDocument(changes: Partial<ChannelDocument> = {}): ChannelDocument {
  const issuedMs = changes.issuedMs ?? nowMs;
  return {
    channel: "door/stable",
    version: 1,
    issuedMs,
    expiresMs: issuedMs + 30 * dayMs,
    target: { digest: digest(1), semver: "1.0.0" },
    revoked: [],
    keys: keys(keyA),
    ...changes,
  };
}

/** Signed by `signers`, verified by `trusted`. */
export function verified(
  changes: Partial<ChannelDocument> = {},
  signers: readonly SigningKey[] = [keyA],
  trusted: ChannelKeys = keys(keyA),
): VerifiedChannel {
  return verifyChannel(signChannel(makeDocument(changes), signers), trusted);
}

/** The error of ours that `work` throws. */
export function refusalOf(work: () => unknown): RemoteMediaError {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RemoteMediaError);
    return thrown as RemoteMediaError;
  }
  return expect.unreachable("nothing was refused") as never;
}

/** Its code; `accepted` where nothing is thrown. */
export function codeOf(work: () => unknown): string {
  try {
    work();
    return "accepted";
  } catch (thrown) {
    return thrown instanceof RemoteMediaError ? thrown.code : `not ours: ${thrown}`;
  }
}
