// What must be proven before anything of a package is unpacked, and in which order.
import { expect, test } from "vitest";
import { verifyPackage } from "../../../agent/package/verify-package.ts";
import type { PublicKey } from "../../../agent/trust/public-key.ts";
import { type TrustPolicy, trustOnly } from "../../../agent/trust/trust-policy.ts";
import { failure } from "../../support/failure.ts";
import {
  attest,
  fileOf,
  makeKey,
  makePackage,
  openMemorySource,
  sign,
  withCarriers,
} from "./memory-package.ts";

const key = makeKey();
const trusting = (publicKey: PublicKey, rest: Partial<TrustPolicy> = {}): TrustPolicy => ({
  ...trustOnly([{ name: "operator", key: publicKey }]),
  ...rest,
});
const policy = trusting(key.publicKey);

test("either layout proves the signer, and the name comes from the pipeline", async () => {
  const made = makePackage({ name: "doorbell", files: [fileOf("modules/a.wasm")] });
  for (const carrier of sign(made, key)) {
    const verified = await verifyPackage(openMemorySource(withCarriers(made, carrier)), policy);
    expect(verified).toMatchObject({
      name: "doorbell",
      signer: { name: "operator", keyId: key.publicKey.keyId },
    });
    expect(verified.provenance).toBeUndefined();
  }
});

test("nothing of the package is read before a signature is proven, and layers not then either", async () => {
  const made = makePackage({ files: [fileOf("modules/a.wasm")] });
  const stranger = openMemorySource(withCarriers(made, ...sign(made, makeKey())));
  expect(await failure(verifyPackage(stranger, policy))).toMatchObject({ code: "signer-unknown" });
  expect(stranger.reads).not.toContain(stranger.manifest.config.digest);
  const known = openMemorySource(withCarriers(made, ...sign(made, key)));
  await verifyPackage(known, policy);
  expect(known.reads.filter((digest) => made.blobs.has(digest))).toEqual([known.manifest.config.digest]);
});

test("an unsigned package passes only where the policy says so; a stranger's signature never does", async () => {
  const made = makePackage();
  expect(await failure(verifyPackage(openMemorySource(made), policy))).toMatchObject({
    code: "signature-missing",
  });
  const lax = { ...policy, allowUnsigned: true };
  expect((await verifyPackage(openMemorySource(made), lax)).signer).toBeUndefined();
  const strangers = openMemorySource(withCarriers(made, ...sign(made, makeKey())));
  expect(await failure(verifyPackage(strangers, lax))).toMatchObject({ code: "signer-unknown" });
});

test("a signature over another package is none", async () => {
  const [made, other] = [makePackage(), makePackage({ name: "other" })];
  const [, simple] = sign(other, key);
  const source = openMemorySource(withCarriers(made, simple));
  expect(await failure(verifyPackage(source, policy))).toMatchObject({ code: "signature-invalid" });
});

test("an attestation is no signature, wherever it stands", async () => {
  const made = makePackage();
  const source = openMemorySource(withCarriers(made, attest(made, key, {})));
  expect(await failure(verifyPackage(source, policy))).toMatchObject({ code: "signature-missing" });
});

test("a signer is held to the pipelines and repositories of the policy", async () => {
  const made = makePackage({ name: "doorbell" });
  const signed = withCarriers(made, ...sign(made, key));
  const signer = policy.signers[0]!;
  const cases = [
    { pipelines: ["door*"], repositories: ["*"], code: undefined },
    { pipelines: ["garage*"], repositories: ["*"], code: "signer-denied" },
    { pipelines: ["*"], repositories: ["registry.test/door/*"], code: undefined },
    { pipelines: ["*"], repositories: ["elsewhere.test/*"], code: "signer-denied" },
  ];
  for (const { code, ...limits } of cases) {
    const limited = { ...policy, signers: [{ ...signer, ...limits }] };
    const work = verifyPackage(openMemorySource(signed, "registry.test/door/bell"), limited);
    if (code === undefined) expect((await work).signer?.name).toBe("operator");
    else expect(await failure(work)).toMatchObject({ code });
  }
});

test("a required provenance that is missing or a stranger's is refused", async () => {
  const made = makePackage();
  const strict = { ...policy, requireProvenance: true };
  const bare = withCarriers(made, ...sign(made, key));
  expect(await failure(verifyPackage(openMemorySource(bare), strict))).toMatchObject({
    code: "provenance-missing",
  });
  const strangers = withCarriers(bare, attest(made, makeKey(), {}));
  expect(await failure(verifyPackage(openMemorySource(strangers), strict))).toMatchObject({
    code: "signer-unknown",
  });
  expect((await verifyPackage(openMemorySource(strangers), policy)).provenance).toBeUndefined();
});

test("a config or manifest of other bytes is refused, whoever signed", async () => {
  const made = makePackage();
  const signed = withCarriers(made, ...sign(made, key));
  const source = openMemorySource(signed);
  const config = source.manifest.config.digest;
  const changed = made.blobs.get(config)!.slice();
  changed[9]! ^= 1;
  const lying = openMemorySource({ ...signed, blobs: new Map([...made.blobs, [config, changed]]) });
  expect(await failure(verifyPackage(lying, policy))).toMatchObject({
    code: "digest-mismatch",
    where: { digest: config },
  });
  const manifest = { ...source.manifest, bytes: new TextEncoder().encode("{}") };
  const error = await failure(verifyPackage({ ...source, manifest }, policy));
  expect(error).toMatchObject({ code: "digest-mismatch", where: { digest: made.digest } });
});

test("a pipeline without a valid name is refused before its name is judged", async () => {
  const { pipelineName } = await import("../../../agent/package/read-config.ts");
  const digest = makePackage().digest;
  const name = (text: string) => pipelineName(new TextEncoder().encode(text), digest);
  expect(name('{"metadata":{"name":"a"}}')).toBe("a");
  expect(name('{"metadata":{"name":""}}')).toBe("pipeline");
  expect(name('{"metadata":{}}')).toBe("pipeline");
  expect(name("{}")).toBe("pipeline");
  for (const text of [
    "",
    "null",
    "7",
    '{"metadata":{"name":7}}',
    `{"metadata":{"name":"${"a".repeat(256)}"}}`,
  ]) {
    expect(() => name(text), text).toThrow(expect.objectContaining({ code: "package-invalid" }));
  }
});
