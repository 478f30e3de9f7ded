// Channel documents: what parses, and that nothing else does.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  encodeChannelDocument,
  maxChannelBytes,
  parseChannelDocument,
  signChannel,
} from "../../../agent/trust/channel-document.ts";
import type { Digest } from "../../../platform/base/digest.ts";
import { codeOf, dayMs, digest, keyA, keyB, keys, makeDocument, refusalOf } from "./channel-stand.ts";

const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** A document as JSON, with some fields set; undefined takes one out. */
function raw(changes: Record<string, unknown> = {}): Uint8Array {
  const json = JSON.parse(new TextDecoder().decode(encodeChannelDocument(makeDocument())));
  return bytesOf({ ...json, ...changes });
}

test("a document is read as it was written", () => {
  const document = makeDocument({
    minVersion: "0.9.0-rc.1",
    revoked: [digest(2), digest(3)],
    keys: keys(keyA, keyB),
  });
  expect(parseChannelDocument(encodeChannelDocument(document))).toEqual(document);
});

test("the fields are those of the contract", () => {
  const json = JSON.parse(
    new TextDecoder().decode(
      encodeChannelDocument(makeDocument({ minVersion: "1.0.0", keys: keys(keyA, keyB) })),
    ),
  );
  expect(json).toEqual({
    channel: "door/stable",
    version: 1,
    issued: "2030-04-11T00:00:00.000Z",
    expires: "2030-05-11T00:00:00.000Z",
    target: { digest: digest(1), semver: "1.0.0" },
    min_version: "1.0.0",
    revoked: [],
    keys: { current: keyA.publicKey.pem, next: keyB.publicKey.pem },
  });
});

test("revoked, min_version, and the next key may be left out", () => {
  expect(codeOf(() => parseChannelDocument(raw({ revoked: undefined })))).toBe("accepted");
});

describe("refused as no channel document", () => {
  const many = Array.from({ length: 1025 }, (_, at): Digest => `sha256:${at.toString(16).padStart(64, "0")}`);
  test.each<[string, Record<string, unknown>]>([
    ["an unknown field", { priority: 1 }],
    ["no channel", { channel: undefined }],
    ["a channel that climbs", { channel: "../x" }],
    ["a channel with a line break", { channel: "a\n" }],
    ["a very long channel", { channel: "a".repeat(129) }],
    ["no version", { version: undefined }],
    ["version 0", { version: 0 }],
    ["half a version", { version: 1.5 }],
    ["a version beyond what numbers tell apart", { version: 2 ** 53 }],
    ["a version in text", { version: "1" }],
    ["no issued", { issued: undefined }],
    ["a number as a time", { issued: 1 }],
    ["local time", { issued: "2030-04-11T00:00:00+02:00" }],
    ["the 31st of April", { issued: "2030-04-31T00:00:00Z" }],
    ["24 o'clock", { issued: "2030-04-11T24:00:00Z" }],
    ["expiry before issue", { expires: "2030-04-10T00:00:00Z" }],
    ["expiry at issue", { expires: "2030-04-11T00:00:00Z" }],
    ["401 days", { expires: "2031-05-17T00:00:00Z" }],
    ["no target", { target: undefined }],
    ["a target in capitals", { target: { digest: digest(1).toUpperCase(), semver: "1.0.0" } }],
    ["a target of another hash", { target: { digest: `sha512:${"1".repeat(128)}`, semver: "1.0.0" } }],
    ["a target without version", { target: { digest: digest(1) } }],
    ["a target with more", { target: { digest: digest(1), semver: "1.0.0", url: "x" } }],
    ["a wrong min_version", { min_version: "1" }],
    ["a null min_version", { min_version: null }],
    ["a revoked name", { revoked: ["latest"] }],
    ["a revoked object", { revoked: { 0: digest(1) } }],
    ["one digest revoked twice", { revoked: [digest(2), digest(2)] }],
    ["1025 revoked", { revoked: many }],
    ["no keys", { keys: undefined }],
    ["no current key", { keys: {} }],
    ["a key that is none", { keys: { current: "x" } }],
    ["one key twice", { keys: { current: keyA.publicKey.pem, next: keyA.publicKey.pem } }],
    ["a third key", { keys: { current: keyA.publicKey.pem, other: keyB.publicKey.pem } }],
  ])("%s", (_, changes) => {
    expect(codeOf(() => parseChannelDocument(raw(changes)))).toBe("channel-invalid");
  });

  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["a list", bytesOf([])],
    ["null", bytesOf(null)],
    ["a field twice", new TextEncoder().encode(`{"version":1,${new TextDecoder().decode(raw()).slice(1)}`)],
    ["another prototype", new TextEncoder().encode('{"__proto__":{"version":1}}')],
    ["broken UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
    ["a deep nest", new TextEncoder().encode(`${"[".repeat(100000)}${"]".repeat(100000)}`)],
    ["more bytes than are taken", new Uint8Array(maxChannelBytes + 1).fill(0x20)],
  ])("%s", (_, bytes) => {
    expect(codeOf(() => parseChannelDocument(bytes))).toBe("channel-invalid");
  });

  test("any bytes, and any JSON", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 256 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          expect(codeOf(() => parseChannelDocument(bytes))).toBe("channel-invalid");
        },
      ),
    );
  });
});

test("400 days are taken", () => {
  const document = makeDocument();
  expect(
    codeOf(() => encodeChannelDocument({ ...document, expiresMs: document.issuedMs + 400 * dayMs })),
  ).toBe("accepted");
});

test("a document that nobody would take isn't signed", () => {
  expect(refusalOf(() => signChannel(makeDocument({ version: 0 }), [keyA])).code).toBe("channel-invalid");
  expect(refusalOf(() => signChannel(makeDocument({ issuedMs: Number.NaN }), [keyA])).code).toBe(
    "channel-invalid",
  );
  expect(refusalOf(() => signChannel(makeDocument(), [])).code).toBe("usage");
});
