// Who must have signed a channel document.
import { describe, expect, test } from "vitest";
import { encodeChannelDocument, signChannel } from "../../../agent/trust/channel-document.ts";
import { formatEnvelope, signEnvelope } from "../../../agent/trust/dsse.ts";
import type { SigningKey } from "../../../agent/trust/signing-key.ts";
import { verifyChannel } from "../../../agent/trust/verify-channel.ts";
import { codeOf, keyA, keyB, keyC, keys, makeDocument, refusalOf } from "./channel-stand.ts";

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const signed = signChannel(makeDocument(), [keyA]);

test("gives the document that the current key signed, and by which keys that was found", () => {
  expect(verifyChannel(signed, keys(keyA))).toEqual({ document: makeDocument(), trusted: keys(keyA) });
});

type Case = [
  string,
  { trusted: [SigningKey, SigningKey?]; names: [SigningKey, SigningKey?]; by: SigningKey[] },
];

describe("taken", () => {
  test.each<Case>([
    ["the current key alone, keys unchanged", { trusted: [keyA], names: [keyA], by: [keyA] }],
    ["the same with a key announced", { trusted: [keyA, keyB], names: [keyA, keyB], by: [keyA] }],
    ["a further signature by anybody", { trusted: [keyA], names: [keyA], by: [keyC, keyA] }],
    ["passed on: old and new", { trusted: [keyA], names: [keyB], by: [keyA, keyB] }],
    ["passed on to the announced one", { trusted: [keyA, keyB], names: [keyB], by: [keyB, keyA] }],
    ["announced: current and announced", { trusted: [keyA], names: [keyA, keyB], by: [keyA, keyB] }],
    ["taken back: current and announced", { trusted: [keyA, keyB], names: [keyA], by: [keyA, keyB] }],
    ["passed on, and a third announced", { trusted: [keyA], names: [keyB, keyC], by: [keyA, keyB, keyC] }],
  ])("%s", (_, { trusted, names, by }) => {
    const envelope = signChannel(makeDocument({ keys: keys(...names) }), by);
    expect(codeOf(() => verifyChannel(envelope, keys(...trusted)))).toBe("accepted");
  });
});

describe("not from those whose word counts", () => {
  test.each<Case>([
    ["a stranger", { trusted: [keyA], names: [keyA], by: [keyB] }],
    ["the announced key alone", { trusted: [keyA, keyB], names: [keyA, keyB], by: [keyB] }],
    ["passed on by the old key alone", { trusted: [keyA], names: [keyB], by: [keyA] }],
    ["passed on by the new key alone", { trusted: [keyA], names: [keyB], by: [keyB] }],
    ["the old key after it was passed on", { trusted: [keyB], names: [keyB], by: [keyA] }],
    ["passed on past the announced one", { trusted: [keyA, keyB], names: [keyC], by: [keyA, keyC] }],
    ["announced without the announced one", { trusted: [keyA], names: [keyA, keyB], by: [keyA] }],
    ["taken back without the announced one", { trusted: [keyA, keyB], names: [keyA], by: [keyA] }],
    ["announced otherwise", { trusted: [keyA, keyB], names: [keyA, keyC], by: [keyA, keyC] }],
    ["passed on, a third not holding his", { trusted: [keyA], names: [keyB, keyC], by: [keyA, keyB] }],
  ])("%s", (_, { trusted, names, by }) => {
    const envelope = signChannel(makeDocument({ keys: keys(...names) }), by);
    expect(codeOf(() => verifyChannel(envelope, keys(...trusted)))).toBe("channel-untrusted");
  });
});

test("a stranger's payload isn't even parsed", () => {
  const envelope = signEnvelope("application/vnd.remotemedia.channel.v1+json", bytesOf({ evil: 1 }), [keyB]);
  expect(refusalOf(() => verifyChannel(bytesOf(formatEnvelope(envelope)), keys(keyA))).code).toBe(
    "channel-untrusted",
  );
});

test("what was signed as something else is no channel document, though the key is right", () => {
  const payload = encodeChannelDocument(makeDocument());
  const other = signEnvelope("application/vnd.in-toto+json", payload, [keyA]);
  expect(codeOf(() => verifyChannel(bytesOf(formatEnvelope(other)), keys(keyA)))).toBe("channel-invalid");
  const relabelled = { ...other, payloadType: "application/vnd.remotemedia.channel.v1+json" };
  expect(codeOf(() => verifyChannel(bytesOf(formatEnvelope(relabelled)), keys(keyA)))).toBe(
    "channel-untrusted",
  );
});

test("an envelope without signatures, and what is none, is refused", () => {
  const stripped = { ...JSON.parse(new TextDecoder().decode(signed)), signatures: [] };
  for (const bytes of [
    bytesOf(stripped),
    bytesOf({}),
    bytesOf(null),
    new Uint8Array(),
    new Uint8Array(300000),
  ])
    expect(codeOf(() => verifyChannel(bytes, keys(keyA)))).toBe("channel-invalid");
});

test("a flip of any bit of a signed document is refused, or leaves what it says as it was", () => {
  for (let at = 0; at < signed.length; at += 1) {
    const flipped = signed.slice();
    flipped[at]! ^= 1 << (at % 8);
    const code = codeOf(() => expect(verifyChannel(flipped, keys(keyA)).document).toEqual(makeDocument()));
    expect(["channel-invalid", "channel-untrusted"]).toContain(code);
  }
});
