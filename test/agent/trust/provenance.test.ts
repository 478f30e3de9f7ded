// Provenance: what we write is what SLSA asks for, and what somebody else writes is believed only where the policy says so.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BuildFacts,
  describeBuild,
  localBuilder,
  pipelineBuildType,
  verifyProvenance,
} from "../../../agent/trust/provenance.ts";
import { signPackage } from "../../../agent/trust/sign-package.ts";
import { signStatement } from "../../../agent/trust/sign-statement.ts";
import type { SignatureMaterial, SignedSubject } from "../../../agent/trust/signed.ts";
import { type TrustPolicy, trustOnly } from "../../../agent/trust/trust-policy.ts";
import { codeOf, digest, keyA, keyB } from "./channel-stand.ts";

const subject: SignedSubject = { digest: digest(1), pipeline: "doorbell" };
const facts: BuildFacts = {
  subject: { name: "doorbell", digest: digest(1) },
  externalParameters: { pipeline: "doorbell" },
  internalParameters: { platform: "linux-x64" },
  inputs: [
    { path: "modules/gate.wasm", digest: digest(2), mediaType: "application/wasm" },
    {
      path: "modules/base.wasm",
      digest: digest(3),
      uri: `oci://registry.example/base@${digest(3)}`,
    },
  ],
  source: { repository: "https://git.example/doorbell", commit: "ab".repeat(20), changed: true },
  builder: { id: localBuilder, version: { remotemedia: "1.2.3" } },
  invocationId: "build-1",
  startedMs: Date.UTC(2030, 0, 1, 12, 0, 0, 250),
  finishedMs: Date.UTC(2030, 0, 1, 12, 0, 3),
  byproducts: [{ path: "report.json", digest: digest(4) }],
};
const policy = trustOnly([{ name: "ada", key: keyA.publicKey }]);
const bundle = (statement: object, key = keyA): SignatureMaterial => ({
  layout: "bundle",
  bytes: signStatement(statement, key),
});
const codeFor = (materials: readonly SignatureMaterial[], by: TrustPolicy = policy, of = subject) =>
  codeOf(() => verifyProvenance(of, materials, by));

/** Our statement with some of its parts replaced, by path. */
function changed(path: readonly string[], value: unknown): object {
  const statement = structuredClone(describeBuild(facts)) as Record<string, unknown>;
  let at = statement;
  for (const step of path.slice(0, -1)) at = at[step] as Record<string, unknown>;
  at[path.at(-1)!] = value;
  return statement;
}

test("describes a build in SLSA's words", () => {
  expect(describeBuild(facts)).toEqual({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "doorbell", digest: { sha256: "1".repeat(64) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: pipelineBuildType,
        externalParameters: { pipeline: "doorbell" },
        internalParameters: { platform: "linux-x64" },
        resolvedDependencies: [
          {
            uri: "git+https://git.example/doorbell",
            digest: { gitCommit: "ab".repeat(20) },
            annotations: { changed: true },
          },
          { name: "modules/gate.wasm", digest: { sha256: "2".repeat(64) }, mediaType: "application/wasm" },
          {
            name: "modules/base.wasm",
            uri: `oci://registry.example/base@${digest(3)}`,
            digest: { sha256: "3".repeat(64) },
          },
        ],
      },
      runDetails: {
        builder: { id: localBuilder, version: { remotemedia: "1.2.3" } },
        metadata: {
          invocationId: "build-1",
          startedOn: "2030-01-01T12:00:00Z",
          finishedOn: "2030-01-01T12:00:03Z",
        },
        byproducts: [{ name: "report.json", digest: { sha256: "4".repeat(64) } }],
      },
    },
  });
});

test("gives what a trusted signer says of the build", () => {
  const proven = verifyProvenance(subject, [bundle(describeBuild(facts))], policy);
  expect(proven).toMatchObject({
    signer: { name: "ada", keyId: keyA.publicKey.keyId },
    buildType: pipelineBuildType,
    builder: localBuilder,
    builderVersion: { remotemedia: "1.2.3" },
    invocationId: "build-1",
    startedOn: "2030-01-01T12:00:00Z",
    finishedOn: "2030-01-01T12:00:03Z",
    source: { uri: "git+https://git.example/doorbell", digest: { gitCommit: "ab".repeat(20) } },
  });
  expect(proven.dependencies.map(({ name }) => name)).toEqual([
    undefined,
    "modules/gate.wasm",
    "modules/base.wasm",
  ]);
});

test("takes the one that is good among others, whatever comes first", () => {
  const good = bundle(describeBuild(facts));
  const others: SignatureMaterial[] = [
    { layout: "bundle", bytes: new Uint8Array([1]) },
    bundle(describeBuild(facts), keyB),
    bundle(describeBuild({ ...facts, subject: { name: "x", digest: digest(9) } })),
  ];
  expect(codeFor([...others, good])).toBe("accepted");
});

describe("no provenance", () => {
  const signature = signPackage({ digest: digest(1), reference: "doorbell" }, keyA);
  test.each<[string, readonly SignatureMaterial[]]>([
    ["nothing", []],
    ["a signature as a bundle", [{ layout: "bundle", bytes: signature.bundle }]],
    ["a simple signature", [{ layout: "simple", ...signature.simple }]],
    ["an attestation of something else", [bundle(changed(["predicateType"], "https://spdx.dev/Document"))]],
    ["provenance of an older kind", [bundle(changed(["predicateType"], "https://slsa.dev/provenance/v0.2"))]],
  ])("%s", (_, materials) => {
    expect(codeFor(materials)).toBe("provenance-missing");
  });
});

describe("provenance that isn't believed", () => {
  const definition = ["predicate", "buildDefinition"];
  const run = ["predicate", "runDetails"];
  test.each<[string, object]>([
    ["of another package", changed(["subject"], [{ digest: { sha256: "9".repeat(64) } }])],
    ["of a digest by another hash", changed(["subject"], [{ digest: { sha512: "1".repeat(64) } }])],
    ["without a build definition", changed(definition, undefined)],
    ["without a build type", changed([...definition, "buildType"], "")],
    ["without parameters", changed([...definition, "externalParameters"], undefined)],
    ["without a builder", changed([...run, "builder"], {})],
    ["with a builder of two lines", changed([...run, "builder"], { id: `${localBuilder}\nx` })],
    ["with a list as dependencies' dependency", changed([...definition, "resolvedDependencies"], [[]])],
    [
      "with 4097 dependencies",
      changed(
        [...definition, "resolvedDependencies"],
        Array.from({ length: 4097 }, () => ({})),
      ),
    ],
    ["with a number as a time", changed([...run, "metadata", "startedOn"], 1)],
    ["with a time that is none", changed([...run, "metadata", "finishedOn"], "2030-13-01T00:00:00Z")],
    ["with an object as a version", changed([...run, "builder", "version"], { remotemedia: {} })],
  ])("%s", (_, statement) => {
    expect(codeFor([bundle(statement)])).toBe("provenance-invalid");
  });

  test("of a builder that the policy doesn't name", () => {
    const materials = [bundle(describeBuild(facts))];
    expect(codeFor(materials, { ...policy, builders: ["https://ci.example"] })).toBe("provenance-invalid");
    expect(codeFor(materials, { ...policy, builders: ["https://ci.example", localBuilder] })).toBe(
      "accepted",
    );
  });

  test("signed by a stranger, or by one who may not sign this pipeline", () => {
    expect(codeFor([bundle(describeBuild(facts), keyB)])).toBe("signer-unknown");
    const [ada] = policy.signers;
    const limited: TrustPolicy = { ...policy, signers: [{ ...ada!, pipelines: ["kitchen*"] }] };
    expect(codeFor([bundle(describeBuild(facts))], limited)).toBe("signer-denied");
    expect(codeFor([bundle(describeBuild(facts))], limited, { ...subject, pipeline: "kitchen-1" })).toBe(
      "accepted",
    );
  });

  test("a flip of any bit of it", () => {
    const bytes = signStatement(describeBuild(facts), keyA);
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << (at % 8);
      expect(["provenance-invalid", "provenance-missing", "signer-unknown"]).toContain(
        codeFor([{ layout: "bundle", bytes: flipped }]),
      );
    }
  });

  test("more of them than anybody needs", () => {
    const one = bundle(describeBuild(facts));
    expect(codeFor(Array.from({ length: 65 }, () => one))).toBe("provenance-invalid");
  });
});

test("names of others are shown as one printable line", () => {
  const dirty = changed(["predicate", "runDetails", "metadata", "invocationId"], "a\n\u001b[31mb");
  expect(verifyProvenance(subject, [bundle(dirty)], policy).invocationId).toBe("a [31mb");
});

test("any predicate of a trusted signer is read or refused, never a crash", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("buildDefinition", "runDetails"), fc.object()), (predicate) => {
      const statement = JSON.parse(JSON.stringify(changed(["predicate"], predicate)));
      expect(["accepted", "provenance-invalid"]).toContain(codeFor([bundle(statement)]));
    }),
    { numRuns: 300 },
  );
});
