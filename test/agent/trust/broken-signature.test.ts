// Signatures with changed bytes, twisted encodings and no sense at all: refused, never a crash.
import { createPrivateKey, sign as ecdsaSign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxBundleBytes } from "../../../agent/trust/bundle.ts";
import { isSignedBy, parsePublicKey, publicKeyOf } from "../../../agent/trust/public-key.ts";
import { signPackage } from "../../../agent/trust/sign-package.ts";
import type { SignatureMaterial } from "../../../agent/trust/signed.ts";
import { trustOnly } from "../../../agent/trust/trust-policy.ts";
import { verifySignature } from "../../../agent/trust/verify-package-signature.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { codeOf, digest, keyA } from "./channel-stand.ts";
import {
  cosignAttestation,
  cosignBundle,
  cosignSimple,
  flipped,
  goldenDigest,
  goldenText,
} from "./golden-file.ts";

const cosignKey = parsePublicKey(goldenText("cosign.pub"));
const policy = trustOnly([
  { name: "cosign", key: cosignKey },
  { name: "ada", key: keyA.publicKey },
]);
const verify = (material: SignatureMaterial) =>
  verifySignature({ digest: goldenDigest, pipeline: "gate" }, [material], policy);
const ours = signPackage({ digest: goldenDigest, reference: "registry.example/gate:1" }, keyA);
const refusals = ["signature-invalid", "signer-unknown", "signature-missing"];
const masks = [0x01, 0x02, 0x04, 0x20, 0x80, 0xff];

describe("with any byte changed", () => {
  test.each([
    ["a bundle of ours", ours.bundle],
    ["a bundle of cosign's", (cosignBundle as { bytes: Uint8Array }).bytes],
    ["an attestation of cosign's", (cosignAttestation as { bytes: Uint8Array }).bytes],
  ])("%s is refused", (_, bytes) => {
    for (let index = 0; index < bytes.length; index++) {
      for (const mask of masks) {
        const code = codeOf(() => verify({ layout: "bundle", bytes: flipped(bytes, index, mask) }));
        expect(refusals, `byte ${index} with ${mask}`).toContain(code);
      }
    }
  });

  test.each([
    ["of ours", { layout: "simple" as const, ...ours.simple }],
    ["of cosign's", cosignSimple as typeof cosignSimple & { layout: "simple" }],
  ])("a simple signature %s is refused", (_, material) => {
    const { payload, signature } = material;
    for (const mask of masks) {
      for (let index = 0; index < payload.length; index++) {
        const code = codeOf(() => verify({ ...material, payload: flipped(payload, index, mask) }));
        expect(refusals, `byte ${index} with ${mask}`).toContain(code);
      }
      const text = new TextEncoder().encode(signature);
      for (let index = 0; index < text.length; index++) {
        const changed = new TextDecoder().decode(flipped(text, index, mask));
        const code = codeOf(() => verify({ ...material, signature: changed }));
        expect(refusals, `character ${index} with ${mask}`).toContain(code);
      }
    }
  });

  test("a bundle cut at any length is refused", () => {
    for (let length = 0; length < ours.bundle.length; length++) {
      const bytes = ours.bundle.subarray(0, length);
      expect(codeOf(() => verify({ layout: "bundle", bytes }))).toBe("signature-invalid");
    }
  });
});

describe("an ECDSA signature", () => {
  const bytes = new TextEncoder().encode("signed");
  const key = createPrivateKey(goldenText("openssl-pkcs8.pem"));
  const publicKey = parsePublicKey(goldenText("openssl.pub"));
  // r and s of 32 bytes each, both without a leading zero byte, so that every variant below is well-formed.
  let raw = ecdsaSign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" });
  while (raw[0]! < 1 || raw[32]! < 1) raw = ecdsaSign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" });
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const [r, s] = [raw.subarray(0, 32), raw.subarray(32)].map((half) =>
    BigInt(`0x${half.toString("hex")}`),
  ) as [bigint, bigint];
  const content = (value: bigint) => {
    const hex = Buffer.from(value.toString(16).padStart(64, "0"), "hex");
    let start = 0;
    while (start < 31 && hex[start] === 0 && hex[start + 1]! < 0x80) start++;
    return hex[start]! >= 0x80 ? Buffer.concat([Buffer.of(0), hex.subarray(start)]) : hex.subarray(start);
  };
  const der = (...parts: Buffer[]) => {
    const body = Buffer.concat(parts.map((part) => Buffer.concat([Buffer.of(2, part.length), part])));
    return Buffer.concat([Buffer.of(0x30, body.length), body]);
  };
  const good = der(content(r), content(s));

  test("is taken in its canonical DER, with either of its two values of s", () => {
    expect(isSignedBy(publicKey, bytes, good)).toBe(true);
    expect(isSignedBy(publicKey, bytes, der(content(r), content(order - s)))).toBe(true);
  });

  test.each([
    ["a padded r", der(Buffer.concat([Buffer.of(0, 0), content(r)]), content(s))],
    ["a length in two bytes", Buffer.concat([Buffer.of(0x30, 0x81), good.subarray(1)])],
    ["bytes after it", Buffer.concat([good, Buffer.of(0)])],
    ["bytes inside it", der(content(r), content(s), Buffer.of(1))],
    ["r and s as they are", raw],
    ["s beyond the order", der(content(r), content(order + (s % 2n ** 200n)))],
    ["r = 0", der(Buffer.of(0), content(s))],
    ["r = s = 0", der(Buffer.of(0), Buffer.of(0))],
    ["r = s = 1", der(Buffer.of(1), Buffer.of(1))],
    ["r = s = n", der(content(order), content(order))],
    ["a negative r", der(Buffer.from(r.toString(16).padStart(64, "f"), "hex").fill(0xff, 0, 1), content(s))],
    ["nothing", Buffer.alloc(0)],
    ["a megabyte", Buffer.alloc(1 << 20, 0x30)],
  ])("is refused with %s", (_, signature) => {
    expect(isSignedBy(publicKey, bytes, signature)).toBe(false);
  });

  test("is over SHA-256, nothing else", () => {
    expect(isSignedBy(publicKey, bytes, ecdsaSign("sha512", bytes, key))).toBe(false);
  });
});

describe("a public key", () => {
  const refuse = (why: string) => new RemoteMediaError("key-invalid", why);
  test("off the curve is refused", () => {
    const off = flipped(cosignKey.spki, 90, 1);
    expect(codeOf(() => publicKeyOf(off, refuse))).toBe("key-invalid");
    const nowhere = Uint8Array.from(cosignKey.spki).fill(0, 27);
    expect(codeOf(() => publicKeyOf(nowhere, refuse))).toBe("key-invalid");
  });

  test("with any byte flipped is refused", () => {
    const text = goldenText("cosign.pub");
    for (let index = 0; index < text.length - 1; index++) {
      const changed = String.fromCharCode(text.charCodeAt(index) ^ 1);
      const code = codeOf(() => parsePublicKey(text.slice(0, index) + changed + text.slice(index + 1)));
      expect(code, `byte ${index}`).toBe("key-invalid");
    }
  });
});

describe("what was never a signature", () => {
  test("is refused without a crash, whatever it is", () => {
    const envelope = fc.record(
      { payload: fc.base64String(), payloadType: fc.string(), signatures: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const bundle = fc.record({
      mediaType: fc.constant("application/vnd.dev.sigstore.bundle.v0.3+json"),
      verificationMaterial: fc.oneof(fc.constant({ publicKey: {} }), fc.jsonValue()),
      dsseEnvelope: fc.oneof(envelope, fc.jsonValue()),
    });
    const bytes = fc.oneof(
      fc.uint8Array(),
      bundle.map((value) => new TextEncoder().encode(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(bytes, fc.oneof(fc.string(), fc.base64String()), (made, signature) => {
        expect(refusals).toContain(codeOf(() => verify({ layout: "bundle", bytes: made })));
        expect(refusals).toContain(codeOf(() => verify({ layout: "simple", payload: made, signature })));
      }),
    );
  });

  test.each([
    ["larger than a bundle may be", new TextEncoder().encode(`{"a":"${"x".repeat(maxBundleBytes)}"}`)],
    ["deep", new TextEncoder().encode("[".repeat(maxBundleBytes))],
    ["of many quotes", new TextEncoder().encode('"'.repeat(maxBundleBytes - 1))],
    ["of many backslashes", new TextEncoder().encode(`"${"\\".repeat(maxBundleBytes - 2)}`)],
    ["of half a character", Uint8Array.of(0x22, 0xc3, 0x22)],
  ])("is refused at once where it is %s", (_, bytes) => {
    const cpuBefore = process.cpuUsage();
    expect(codeOf(() => verify({ layout: "bundle", bytes }))).toBe("signature-invalid");
    expect(codeOf(() => verify({ layout: "simple", payload: bytes, signature: "AAAA" }))).toBe(
      "signature-invalid",
    );
    expect(process.cpuUsage(cpuBefore).user / 1000).toBeLessThan(1000);
  });

  test("a field twice is refused, even where both are the same", () => {
    const text = new TextDecoder()
      .decode(ours.bundle)
      .replace('{"mediaType"', '{"mediaType":"x","mediaType"');
    const twice = { layout: "bundle" as const, bytes: new TextEncoder().encode(text) };
    expect(codeOf(() => verify(twice))).toBe("signature-invalid");
  });

  test("names in messages are one printable line", () => {
    const { bundle } = signPackage({ digest: digest(1), reference: "r" }, keyA);
    const value = JSON.parse(new TextDecoder().decode(bundle));
    value.verificationMaterial.publicKey.hint = "\u001b[31mred\nline\u202e";
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const stranger = trustOnly([{ name: "cosign", key: cosignKey }]);
    try {
      verifySignature(
        { digest: goldenDigest, pipeline: "ga\u0007te" },
        [{ layout: "bundle", bytes }],
        stranger,
      );
      expect.unreachable();
    } catch (error) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested.
      expect((error as Error).message).not.toMatch(/[\u0000-\u001f\u202e]/);
      expect((error as Error).message).toContain("red");
    }
  });
});
