// Signatures of packages: one good one of a signer who may suffices, and every other case has its error.
import { describe, expect, test } from "vitest";
import { formatBundle } from "../../../agent/trust/bundle.ts";
import { signEnvelope } from "../../../agent/trust/dsse.ts";
import { signPackage } from "../../../agent/trust/sign-package.ts";
import { signStatement } from "../../../agent/trust/sign-statement.ts";
import type { SignatureMaterial, SignedSubject } from "../../../agent/trust/signed.ts";
import { signaturePredicateType } from "../../../agent/trust/signed.ts";
import type { SigningKey } from "../../../agent/trust/signing-key.ts";
import { trustOnly } from "../../../agent/trust/trust-policy.ts";
import { maxMaterials, verifySignature } from "../../../agent/trust/verify-package-signature.ts";
import { type Digest, digestHex } from "../../../platform/base/digest.ts";
import { codeOf, digest, keyA, keyB, refusalOf } from "./channel-stand.ts";

const subject: SignedSubject = {
  digest: digest("a"),
  pipeline: "doorbell",
  repository: "registry.example/doorbell",
};
const ada = { name: "ada", key: keyA.publicKey };
const policy = trustOnly([ada]);

function sign(
  over: Digest = subject.digest,
  key = keyA,
): { bundle: SignatureMaterial; simple: SignatureMaterial } {
  const { bundle, simple } = signPackage({ digest: over, reference: "registry.example/doorbell:1" }, key);
  return { bundle: { layout: "bundle", bytes: bundle }, simple: { layout: "simple", ...simple } };
}

function statement(changes: object = {}): object {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: digestHex(subject.digest) } }],
    predicateType: signaturePredicateType,
    predicate: {},
    ...changes,
  };
}

const bundleOf = (value: object, key: SigningKey = keyA): SignatureMaterial => ({
  layout: "bundle",
  bytes: signStatement(value, key),
});
/** A bundle whose JSON was changed after it was signed. */
function edited(change: (bundle: ReturnType<typeof JSON.parse>) => void): SignatureMaterial {
  const { bundle } = signPackage({ digest: subject.digest, reference: "r/d" }, keyA);
  const value = JSON.parse(new TextDecoder().decode(bundle));
  change(value);
  return { layout: "bundle", bytes: new TextEncoder().encode(JSON.stringify(value)) };
}
const verify = (...materials: SignatureMaterial[]) => verifySignature(subject, materials, policy);
const codeFor = (...materials: SignatureMaterial[]) => codeOf(() => verify(...materials));

describe("a good signature", () => {
  test.each(["bundle", "simple"] as const)("in the layout %s gives its signer", (layout) => {
    expect(verify(sign()[layout])).toEqual({ name: "ada", keyId: keyA.publicKey.keyId, layout });
  });

  test("suffices among bad ones, strangers' and attestations", () => {
    const bad = sign(digest("b"));
    const materials = [
      bad.bundle,
      bad.simple,
      sign(undefined, keyB).bundle,
      bundleOf(statement({ predicateType: "x" })),
    ];
    expect(verify(...materials, sign().simple)).toMatchObject({ name: "ada", layout: "simple" });
  });

  test("is one whatever the value of s: Go writes either", () => {
    const outcomes = Array.from({ length: 16 }, () => verify(sign().simple).name);
    expect(new Set(outcomes)).toEqual(new Set(["ada"]));
  });

  test("of a bundle without a hint, or with one in another spelling, counts", () => {
    const hint = Buffer.from(ada.key.keyId, "hex").toString("base64");
    for (const said of [undefined, "", ada.key.keyId, `SHA256:${hint}`, `SHA256:${hint.replace("=", "")}`]) {
      const material = edited((bundle) => {
        bundle.verificationMaterial.publicKey = { hint: said };
        bundle.dsseEnvelope.signatures[0].keyid = said;
      });
      expect(verify(material).name).toBe("ada");
    }
  });

  test("beside entries of a log and timestamps counts: they aren't looked at", () => {
    const material = edited((bundle) => {
      bundle.verificationMaterial.tlogEntries = [{ logIndex: "1" }];
      bundle.verificationMaterial.timestampVerificationData = { rfc3161Timestamps: [] };
    });
    expect(verify(material).name).toBe("ada");
  });
});

describe("who may sign", () => {
  const denied = (limits: object) =>
    refusalOf(() => {
      const signers = [{ ...policy.signers[0]!, ...limits }];
      return verifySignature(subject, [sign().bundle], { ...policy, signers });
    });

  test("a signer of other pipelines or repositories is denied, with the limits", () => {
    const refusal = denied({ pipelines: ["camera*"] });
    expect(refusal).toMatchObject({ code: "signer-denied", where: { digest: subject.digest } });
    expect(refusal.message).toContain("doorbell");
    expect(refusal.message).toContain(
      `ada (key ${ada.key.keyId.slice(0, 16)}) may sign the pipelines camera* only`,
    );
    expect(denied({ repositories: ["other.example/*"] }).code).toBe("signer-denied");
  });

  test("one key under two names has the rights of both", () => {
    const signers = [
      { ...policy.signers[0]!, name: "cameras", pipelines: ["camera"] },
      { ...policy.signers[0]!, name: "doors", pipelines: ["door*"] },
    ];
    expect(verifySignature(subject, [sign().bundle], { ...policy, signers }).name).toBe("doors");
  });

  test.each(["bundle", "simple"] as const)("a stranger's %s is of an unknown signer", (layout) => {
    const refusal = refusalOf(() => verify(sign(undefined, keyB)[layout]));
    expect(refusal.code).toBe("signer-unknown");
    expect(refusal.message).toContain("trusted is ada");
    expect(refusal.hint).toContain("--key");
  });

  test("a policy of nobody knows no signer", () => {
    expect(codeOf(() => verifySignature(subject, [sign().bundle], trustOnly([])))).toBe("signer-unknown");
  });

  test("a certificate is no key that is trusted", () => {
    const material = edited((bundle) => {
      bundle.verificationMaterial = { certificate: { rawBytes: "AAAA" }, tlogEntries: [] };
    });
    const refusal = refusalOf(() => verify(material));
    expect(refusal.code).toBe("signer-unknown");
    expect(refusal.message).toContain("certificate");
  });
});

describe("what is no signature", () => {
  test("nothing at all", () => {
    expect(codeFor()).toBe("signature-missing");
  });

  test("an attestation of the very signer about the very package", () => {
    const provenance = bundleOf(statement({ predicateType: "https://slsa.dev/provenance/v1" }));
    const refusal = refusalOf(() => verify(provenance));
    expect(refusal.code).toBe("signature-missing");
    expect(refusal.message).toContain("https://slsa.dev/provenance/v1");
  });

  test("an attestation whose type was changed to a signature's", () => {
    const provenance = JSON.parse(
      new TextDecoder().decode(signStatement(statement({ predicateType: "p" }), keyA)),
    );
    provenance.dsseEnvelope.payload = Buffer.from(JSON.stringify(statement())).toString("base64");
    const bytes = new TextEncoder().encode(JSON.stringify(provenance));
    expect(codeFor({ layout: "bundle", bytes })).toBe("signature-invalid");
  });

  test("a stripped signature", () => {
    expect(codeFor({ ...sign().simple, signature: "" } as SignatureMaterial)).not.toBe("accepted");
    expect(codeFor(edited((bundle) => (bundle.dsseEnvelope.signatures = [])))).toBe("signature-invalid");
    expect(codeFor(edited((bundle) => (bundle.dsseEnvelope.signatures[0].sig = "")))).toBe(
      "signature-invalid",
    );
  });

  test.each(["bundle", "simple"] as const)("one over another digest (%s)", (layout) => {
    const refusal = refusalOf(() => verify(sign(digest("b"))[layout]));
    expect(refusal.code).toBe("signature-invalid");
    expect(refusal.message).toContain(digestHex(digest("b")));
  });

  test("more than a package's worth of materials", () => {
    const many = Array.from({ length: maxMaterials + 1 }, () => sign().simple);
    expect(codeFor(...many)).toBe("signature-invalid");
    expect(codeFor(...many.slice(1))).toBe("accepted");
  });

  const hex = digestHex(subject.digest);
  test.each([
    [
      "two subjects, one of them this package",
      { subject: [{ digest: { sha256: hex } }, { digest: { sha256: "b".repeat(64) } }] },
    ],
    ["a digest in upper case", { subject: [{ digest: { sha256: hex.toUpperCase() } }] }],
    ["two digests", { subject: [{ digest: { sha256: hex, sha512: "00" } }] }],
    ["a digest of another name", { subject: [{ digest: { sha512: hex } }] }],
    ["no digest", { subject: [{ name: hex, digest: {} }] }],
    ["no subject", { subject: [] }],
    ["subjects that are no list", { subject: { digest: { sha256: hex } } }],
    ["another type of statement", { _type: "https://in-toto.io/Statement/v2" }],
    ["the type of old statements", { _type: "https://in-toto.io/Statement/v0.1" }],
    ["an unknown field", { extra: 1 }],
    ["no type of predicate", { predicateType: undefined }],
  ])("a statement with %s", (_, changes) => {
    expect(codeFor(bundleOf(statement(changes)))).toBe("signature-invalid");
  });

  test("a statement under another type of payload", () => {
    const payload = new TextEncoder().encode(JSON.stringify(statement()));
    const bytes = formatBundle(signEnvelope("application/json", payload, [keyA]), keyA.publicKey);
    expect(codeFor({ layout: "bundle", bytes })).toBe("signature-invalid");
    expect(codeFor(edited((bundle) => (bundle.dsseEnvelope.payloadType = "application/json")))).toBe(
      "signature-invalid",
    );
    const relabelled = JSON.parse(new TextDecoder().decode(bytes));
    relabelled.dsseEnvelope.payloadType = "application/vnd.in-toto+json";
    expect(codeFor({ layout: "bundle", bytes: new TextEncoder().encode(JSON.stringify(relabelled)) })).toBe(
      "signature-invalid",
    );
  });

  test.each([
    [
      "a hint of another trusted key",
      (bundle: { verificationMaterial: object }) => {
        bundle.verificationMaterial = { publicKey: { hint: keyB.publicKey.keyId } };
      },
    ],
    [
      "a key id of another trusted key",
      (bundle: { dsseEnvelope: { signatures: { keyid?: string }[] } }) => {
        bundle.dsseEnvelope.signatures[0]!.keyid = keyB.publicKey.keyId;
      },
    ],
  ])("one with %s", (_, lie) => {
    const both = trustOnly([ada, { name: "bob", key: keyB.publicKey }]);
    expect(codeOf(() => verifySignature(subject, [edited(lie)], both))).toBe("signature-invalid");
  });
});
