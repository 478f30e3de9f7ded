// Both ways with others: what cosign signed is verified by us; what we sign by cosign and by sigstore's own verifier.
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, Verifier } from "@sigstore/verify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeSigningKey, encodingChanceBytes } from "../../../agent/trust/encode-signing-key.ts";
import { isSignedBy, type PublicKey, parsePublicKey } from "../../../agent/trust/public-key.ts";
import { signPackage } from "../../../agent/trust/sign-package.ts";
import { openStatement } from "../../../agent/trust/sign-statement.ts";
import { openSigningKey } from "../../../agent/trust/signing-key.ts";
import { trustOnly } from "../../../agent/trust/trust-policy.ts";
import { verifySignature } from "../../../agent/trust/verify-package-signature.ts";
import type { Digest } from "../../../platform/base/digest.ts";
import { findPeer } from "../../support/registry-peers.ts";
import { codeOf, keyA } from "./channel-stand.ts";
import {
  cosignAttestation,
  cosignBundle,
  cosignSimple,
  goldenBytes,
  goldenDigest,
  goldenPassphrase,
  goldenText,
} from "./golden-file.ts";

const cosignKey = parsePublicKey(goldenText("cosign.pub"));
const policy = trustOnly([{ name: "cosign", key: cosignKey }]);
const subject = { digest: goldenDigest, pipeline: "gate" };

describe("what cosign wrote into a registry", () => {
  test.each([cosignBundle, cosignSimple])("is a signature of its key in the layout $layout", (material) => {
    const signer = verifySignature(subject, [cosignAttestation, material], policy);
    expect(signer).toEqual({ name: "cosign", keyId: cosignKey.keyId, layout: material.layout });
    const other = { ...subject, digest: `sha256:${"0".repeat(64)}` as Digest };
    expect(codeOf(() => verifySignature(other, [material], policy))).toBe("signature-invalid");
  });

  test("is an attestation, which opens but is no signature", () => {
    expect(openStatement(goldenBytes("attestation.sigstore.json"), [cosignKey]).statement).toMatchObject({
      type: "https://in-toto.io/Statement/v0.1",
      predicateType: "https://slsa.dev/provenance/v1",
    });
    expect(codeOf(() => verifySignature(subject, [cosignAttestation], policy))).toBe("signature-missing");
  });
});

describe("sigstore's verifier", () => {
  const verifyBundle = (bytes: Uint8Array, key: PublicKey) => {
    const trusted = { publicKey: createPublicKey(key.pem), validFor: () => true };
    const material = {
      certificateAuthorities: [],
      timestampAuthorities: [],
      tlogs: [],
      ctlogs: [],
      publicKey: () => trusted,
    };
    const verifier = new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
    return verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(new TextDecoder().decode(bytes)))));
  };

  test("takes our bundle with our key and with no other", () => {
    const { bundle } = signPackage({ digest: goldenDigest, reference: "r/gate" }, keyA);
    expect(() => verifyBundle(bundle, keyA.publicKey)).not.toThrow();
    expect(() => verifyBundle(bundle, cosignKey)).toThrow();
  });

  test("takes cosign's bundle as we do", () => {
    expect(() => verifyBundle(goldenBytes("signature.sigstore.json"), cosignKey)).not.toThrow();
    expect(() => verifyBundle(goldenBytes("signature.sigstore.json"), keyA.publicKey)).toThrow();
  });
});

const cosign = findPeer("cosign");
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cosign-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs cosign on files of the folder, without network. */
function runCosign(...words: string[]): { readonly code: number; readonly said: string } {
  const child = Bun.spawnSync([cosign ?? "cosign", ...words], {
    cwd: folder,
    env: { ...process.env, COSIGN_PASSWORD: goldenPassphrase },
  });
  return { code: child.exitCode, said: `${child.stdout}${child.stderr}` };
}

const put = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
const get = (name: string) => readFileSync(join(folder, name), "utf8");
const offline = ["--insecure-ignore-tlog"];
const unlogged = ["--yes", "--use-signing-config=false", "--tlog-upload=false"];

// Reason of a skip: cosign isn't here; `scripts/peers` builds it.
describe.runIf(cosign !== undefined)("cosign itself", () => {
  test("verifies our bundle over the bytes it is about, and over no others", () => {
    const manifest = new TextEncoder().encode('{"schemaVersion":2}');
    const digest: Digest = `sha256:${new Bun.CryptoHasher("sha256").update(manifest).digest("hex")}`;
    put("manifest", manifest);
    put("other", "other");
    put("our.pub", keyA.publicKey.pem);
    put("our.bundle", signPackage({ digest, reference: "r/gate" }, keyA).bundle);
    const words = [
      "verify-blob-attestation",
      "--key",
      "our.pub",
      "--bundle",
      "our.bundle",
      "--type",
      "https://sigstore.dev/cosign/sign/v1",
      ...offline,
    ];
    expect(runCosign(...words, "manifest")).toMatchObject({ code: 0 });
    expect(runCosign(...words, "other").code).not.toBe(0);
  });

  test("verifies our simple signature", () => {
    const { simple } = signPackage({ digest: goldenDigest, reference: "r/gate" }, keyA);
    put("payload", simple.payload);
    put("signature", simple.signature);
    put("our.pub", keyA.publicKey.pem);
    const words = ["verify-blob", "--signature", "signature", ...offline, "payload", "--key"];
    expect(runCosign(...words, "our.pub")).toMatchObject({ code: 0 });
    put("their.pub", goldenText("cosign.pub"));
    expect(runCosign(...words, "their.pub").code).not.toBe(0);
  });

  test("signs our payload with its key file; the signature is its key's", () => {
    const { simple } = signPackage({ digest: goldenDigest, reference: "r/gate" }, keyA);
    put("payload", simple.payload);
    put("cosign.key", goldenText("cosign.key"));
    const words = ["--new-bundle-format=false", "--output-signature", "made.sig", "payload"];
    expect(runCosign("sign-blob", "--key", "cosign.key", ...unlogged, ...words)).toMatchObject({ code: 0 });
    const material = {
      layout: "simple" as const,
      payload: simple.payload,
      signature: get("made.sig").trim(),
    };
    expect(verifySignature(subject, [material], policy).name).toBe("cosign");
  });

  test("makes key files that open, and imports those of ours that OpenSSL has decrypted", () => {
    expect(runCosign("generate-key-pair", "--output-key-prefix", "new")).toMatchObject({ code: 0 });
    const made = openSigningKey(get("new.key"), goldenPassphrase);
    expect(made.publicKey.pem).toBe(get("new.pub"));

    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pkcs8 = new Uint8Array(privateKey.export({ type: "pkcs8", format: "der" }));
    const ours = encodeSigningKey(pkcs8, goldenPassphrase, randomBytes(encodingChanceBytes));
    put("ours.pem", ours.privatePem);
    Bun.spawnSync(
      ["openssl", "pkey", "-in", "ours.pem", "-passin", `pass:${goldenPassphrase}`, "-out", "plain.pem"],
      { cwd: folder },
    );
    const imported = runCosign(
      "import-key-pair",
      "--key",
      "plain.pem",
      "--output-key-prefix",
      "imported",
      "--yes",
    );
    expect(imported).toMatchObject({ code: 0 });
    const key = openSigningKey(get("imported.key"), goldenPassphrase);
    expect(key.publicKey.pem).toBe(ours.publicPem);
    expect(isSignedBy(parsePublicKey(ours.publicPem), Uint8Array.of(1), key.sign(Uint8Array.of(1)))).toBe(
      true,
    );
  });
});
