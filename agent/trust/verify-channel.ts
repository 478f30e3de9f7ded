// Whether a signed channel document comes from those whose word counts: the document, or an error that says what is wrong.
import { RemoteMediaError } from "../../platform/base/error.ts";
import {
  type ChannelDocument,
  type ChannelKeys,
  channelType,
  maxChannelBytes,
  parseChannelDocument,
} from "./channel-document.ts";
import { type DsseEnvelope, findSigners, parseEnvelope } from "./dsse.ts";
import { type PublicKey, shortKeyId } from "./public-key.ts";
import { parseStrictJson } from "./strict-json.ts";

/** A document whose signatures hold. Whether it is to be obeyed now is for `applyChannel` to say. */
export interface VerifiedChannel {
  readonly document: ChannelDocument;
  /** By which it was verified. */
  readonly trusted: ChannelKeys;
}

/** Verifies an envelope (JSON, as bytes) by the keys that count so far. It needs the signature
 * - of the current key, always;
 * - of each key that it names and that wasn't trusted before: whoever takes over shows that he holds the key;
 * - of the announced next key, where it takes that key's announcement back. Where a next key is announced, no other may become
 *   the current one. So a thief of the current key alone can't make the channel his.
 * @throws RemoteMediaError `channel-invalid`, `channel-untrusted` */
export function verifyChannel(envelope: Uint8Array, trusted: ChannelKeys): VerifiedChannel {
  const parsed = parseChannelEnvelope(envelope);
  // Before the document is parsed: nothing of it is looked at for a stranger.
  requireSignature(parsed, trusted.current, "the current key of its channel");
  const document = parseChannelDocument(parsed.payload);
  for (const { key, role } of keysToShow(document.keys, trusted)) requireSignature(parsed, key, role);
  return { document, trusted };
}

function parseChannelEnvelope(bytes: Uint8Array): DsseEnvelope {
  const refuse = (why: string) =>
    new RemoteMediaError("channel-invalid", `the signed channel document ${why}`);
  const limits = { maxBytes: maxChannelBytes, maxDepth: 4 };
  const envelope = parseEnvelope(parseStrictJson(bytes, limits, refuse), refuse);
  if (envelope.payloadType !== channelType) throw refuse(`isn't of the type ${channelType}`);
  return envelope;
}

function requireSignature(envelope: DsseEnvelope, key: PublicKey, role: string): void {
  if (findSigners(envelope, [key]).length > 0) return;
  throw new RemoteMediaError(
    "channel-untrusted",
    `the channel document isn't signed with ${role} (${shortKeyId(key)})`,
    { hint: "have it signed with each key that it needs, or pair the device anew where its keys are lost" },
  );
}

/** The keys besides the current one that must have signed. */
function keysToShow(named: ChannelKeys, trusted: ChannelKeys): { key: PublicKey; role: string }[] {
  const known = [trusted.current, trusted.next].map((key) => key?.keyId);
  const passesOn = named.current.keyId !== trusted.current.keyId;
  const shown: { key: PublicKey; role: string }[] = [];
  if (passesOn) {
    if (trusted.next !== undefined && named.current.keyId !== trusted.next.keyId) {
      throw new RemoteMediaError(
        "channel-untrusted",
        `the channel document passes the channel on to the key ${shortKeyId(named.current)}, but ${shortKeyId(trusted.next)} is announced`,
      );
    }
    shown.push({ key: named.current, role: "the key that it passes the channel on to" });
  }
  if (named.next !== undefined && !known.includes(named.next.keyId))
    shown.push({ key: named.next, role: "the next key that it announces" });
  if (!passesOn && trusted.next !== undefined && named.next?.keyId !== trusted.next.keyId)
    shown.push({ key: trusted.next, role: "the next key that it takes back" });
  return shown;
}
