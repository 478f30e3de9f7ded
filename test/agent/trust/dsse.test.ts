// DSSE: what is signed, by whom, and what an envelope must be.
import { describe, expect, test } from "vitest";
import {
  dssePae,
  findSigners,
  formatEnvelope,
  parseEnvelope,
  signEnvelope,
} from "../../../agent/trust/dsse.ts";
import { openStatement, signStatement } from "../../../agent/trust/sign-statement.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { codeOf, keyA, keyB, keyC } from "./channel-stand.ts";

const refuse = (why: string) => new RemoteMediaError("channel-invalid", why);
const bytes = (text: string) => new TextEncoder().encode(text);
const keys = [keyA.publicKey, keyB.publicKey, keyC.publicKey];

describe("an envelope", () => {
  test("signs what the specification's example says", () => {
    const pae = dssePae("http://example.com/HelloWorld", bytes("hello world"));
    expect(new TextDecoder().decode(pae)).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  });

  test("counts bytes, not characters, and takes an empty payload", () => {
    expect(new TextDecoder().decode(dssePae("ü", bytes("")))).toBe("DSSEv1 2 ü 0 ");
  });

  test("is read as it was written, and found to be of those who signed", () => {
    const envelope = signEnvelope("t", bytes("p"), [keyA, keyB]);
    const read = parseEnvelope(JSON.parse(JSON.stringify(formatEnvelope(envelope))), refuse);
    expect(read).toEqual(envelope);
    expect(findSigners(read, keys)).toEqual([keyA.publicKey, keyB.publicKey]);
    expect(findSigners({ ...read, payloadType: "u" }, keys)).toEqual([]);
    expect(findSigners({ ...read, payload: bytes("q") }, keys)).toEqual([]);
  });

  test("has no key id: cosign refuses one", () => {
    expect(JSON.stringify(formatEnvelope(signEnvelope("t", bytes("p"), [keyA])))).not.toContain("keyid");
  });

  test("whose key id names another key isn't of the one that signed", () => {
    const { signatures, ...rest } = signEnvelope("t", bytes("p"), [keyA]);
    const named = (keyid: string) => ({ ...rest, signatures: [{ sig: signatures[0]!.sig, keyid }] });
    expect(findSigners(named(keyA.publicKey.keyId), keys)).toEqual([keyA.publicKey]);
    expect(findSigners(named(keyB.publicKey.keyId), keys)).toEqual([]);
    expect(findSigners(named("release"), keys)).toEqual([]);
  });

  const good = { payload: "", payloadType: "t", signatures: [{ sig: "AAAA" }] };
  test.each([
    ["null", null],
    ["an unknown field", { ...good, extra: 1 }],
    ["no signature", { ...good, signatures: [] }],
    ["nine signatures", { ...good, signatures: Array(9).fill({ sig: "AAAA" }) }],
    ["base64 for URLs", { ...good, payload: "_-8=" }],
    ["base64 with stray bits", { ...good, payload: "AB==" }],
    ["base64 without padding", { ...good, payload: "AA" }],
    ["base64 with a line end", { ...good, payload: "AAAA\n" }],
    ["a key id that is no text", { ...good, signatures: [{ sig: "AAAA", keyid: 1 }] }],
    ["no type", { ...good, payloadType: 1 }],
  ])("with %s is refused", (_, value) => {
    expect(codeOf(() => parseEnvelope(good, refuse))).toBe("accepted");
    expect(codeOf(() => parseEnvelope(value, refuse))).toBe("channel-invalid");
  });
});

describe("a statement in a bundle", () => {
  const bundle = signStatement(
    {
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "a", digest: { sha256: "00" } }],
      predicateType: "p",
      predicate: { a: 1 },
    },
    keyB,
  );

  test("opens with the key that signed it, and says which", () => {
    const { statement, key } = openStatement(bundle, keys);
    expect(key).toEqual(keyB.publicKey);
    expect(statement).toMatchObject({
      predicateType: "p",
      predicate: { a: 1 },
      subjects: [{ name: "a", digest: { sha256: "00" } }],
    });
  });

  test("stays closed to other keys, and with the caller's code where it is broken", () => {
    expect(codeOf(() => openStatement(bundle, [keyA.publicKey]))).toBe("signer-unknown");
    expect(codeOf(() => openStatement(bundle.subarray(1), keys, "provenance-invalid"))).toBe(
      "provenance-invalid",
    );
    const value = JSON.parse(new TextDecoder().decode(bundle));
    value.dsseEnvelope.payload = Buffer.from(
      Buffer.from(value.dsseEnvelope.payload, "base64").toString().replace('"a":1', '"a":2'),
    ).toString("base64");
    expect(codeOf(() => openStatement(bytes(JSON.stringify(value)), keys, "provenance-invalid"))).toBe(
      "provenance-invalid",
    );
  });
});
