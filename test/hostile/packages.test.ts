// Packages that were tampered with on their way: every byte, the signatures, and what was unpacked.
import { open } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signatureManifests } from "../../agent/package/signature-manifest.ts";
import { signPackage } from "../../agent/trust/sign-package.ts";
import type { TrustPolicy } from "../../agent/trust/trust-policy.ts";
import {
  attest,
  type MemoryPackage,
  makePackage,
  fileOf as memoryFile,
  sign,
  withCarriers,
} from "../agent/package/memory-package.ts";
import { fileOf, key, PackageStand, policy, provenance, stranger, type Taken } from "./package-stand.ts";

const made = makePackage({ files: [memoryFile("modules/gate.wasm")] });
const other = makePackage({ name: "other", files: [memoryFile("modules/gate.wasm")] });
const whole = withCarriers(made, sign(made, key)[0], provenance(made));

let stand: PackageStand;
let bytes: Buffer;
let honest: Taken;
beforeAll(async () => {
  stand = await PackageStand.open();
  bytes = await fileOf(whole);
  await stand.put(bytes);
  honest = await stand.take();
});
afterAll(() => stand[Symbol.asyncDispose]());

test("the honest package is taken", () => {
  expect(honest.signer).toBe("ada");
  expect(Object.keys(honest.files)).toEqual(["manifest.json", "modules/gate.wasm"]);
});

test("a flip in any byte is refused: none is without a check", async () => {
  await stand.put(bytes);
  const taken: number[] = [];
  const codes = new Set<string>();
  await using file = await open(stand.file, "r+");
  for (let at = 0; at < bytes.length; at += 1) {
    await file.write(Uint8Array.of(bytes[at]! ^ (1 << (at % 8))), 0, 1, at);
    const code = await stand.codeOf();
    codes.add(code);
    if (code === "taken") taken.push(at);
    await file.write(bytes, at, 1, at);
  }
  expect(taken).toEqual([]);
  expect([...codes].sort()).toEqual(["digest-mismatch", "package-invalid"]);
  expect(await stand.take()).toEqual(honest);
}, 180_000);

test("a file that is cut short anywhere is refused", async () => {
  for (let length = 0; length < bytes.length; length += 256)
    expect([length, await stand.codeOf(bytes.subarray(0, length))]).toEqual([length, "package-invalid"]);
});

test("two packages one behind the other, and one in another's place, are refused", async () => {
  const second = await fileOf(withCarriers(other, ...sign(other, key), provenance(other)));
  expect(await stand.codeOf(Buffer.concat([bytes, second]))).toBe("package-invalid");
  expect(await stand.codeOf(Buffer.concat([bytes.subarray(0, -1024), second]))).toBe("package-invalid");
});

/** The package with a signature's subject told to be this package, though it was made for another. */
function transplanted(): MemoryPackage {
  const signature = signPackage({ digest: other.digest, reference: "localhost/doorbell" }, key);
  return withCarriers(made, ...signatureManifests(signature, made.manifest.descriptor), provenance(made));
}

describe("signatures", () => {
  const [bundle, simple] = sign(made, key);
  const [theirBundle, theirSimple] = sign(made, stranger);
  const proof = provenance(made);
  const cases: [string, MemoryPackage, string][] = [
    ["stripped", withCarriers(made, proof), "signature-missing"],
    ["and provenance stripped", made, "signature-missing"],
    ["provenance stripped alone", withCarriers(made, bundle, simple), "provenance-missing"],
    ["of a stranger", withCarriers(made, theirBundle, theirSimple, proof), "signer-unknown"],
    ["over another package", transplanted(), "signature-invalid"],
    ["that are attestations", withCarriers(made, attest(made, key, {}), proof), "signature-missing"],
    [
      "with a stranger's provenance",
      withCarriers(made, bundle, provenance(made, stranger)),
      "signer-unknown",
    ],
    ["with an empty provenance", withCarriers(made, bundle, attest(made, key, {})), "provenance-invalid"],
    ["as a bundle alone", withCarriers(made, bundle, proof), "taken"],
    ["in the simple layout alone", withCarriers(made, simple, proof), "taken"],
    ["beside a stranger's", withCarriers(made, theirBundle, theirSimple, bundle, proof), "taken"],
  ];
  test.each(cases)("%s", async (_, tampered, code) => {
    expect(await stand.codeOf(await fileOf(tampered))).toBe(code);
  });

  test("that are missing don't pass by a policy for development where a wrong one is there", async () => {
    const lax: TrustPolicy = { ...policy, allowUnsigned: true, requireProvenance: false };
    expect(await stand.codeOf(await fileOf(made), lax)).toBe("taken");
    expect(await stand.codeOf(await fileOf(withCarriers(made, theirBundle)), lax)).toBe("signer-unknown");
    expect(await stand.codeOf(await fileOf(transplanted()), lax)).toBe("signature-invalid");
  });
});

test("a text is no package, and nothing is none", async () => {
  expect(await stand.codeOf(Buffer.from("#!/bin/sh\necho hello\n"))).toBe("package-invalid");
  expect(await stand.codeOf(new Uint8Array())).toBe("package-invalid");
  await using gone = await PackageStand.open();
  expect(await gone.codeOf()).toBe("package-missing");
});
