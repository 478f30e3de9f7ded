// Signatures in the shapes that cosign writes, read back, merged, and held to what they say.
import fc from "fast-check";
import { expect, test } from "vitest";
import { attachSignatures } from "../../../agent/package/attach-signatures.ts";
import { digestBytes } from "../../../agent/package/collect-blob.ts";
import { mergeSimpleSigning } from "../../../agent/package/merge-signatures.ts";
import { parseCarrier } from "../../../agent/package/parse-carrier.ts";
import { readSignatures } from "../../../agent/package/read-signatures.ts";
import { type AttachedReferrer, provenanceManifest } from "../../../agent/package/signature-manifest.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { failure } from "../../support/failure.ts";
import {
  attest,
  type MemoryPackage,
  makeKey,
  makePackage,
  openMemorySource,
  sign,
  withCarriers,
} from "./memory-package.ts";

const json = (carrier: AttachedReferrer) => JSON.parse(new TextDecoder().decode(carrier.referrer.bytes));

test("a bundle's manifest is what cosign writes, without the time", () => {
  const made = makePackage();
  const [bundle] = sign(made, makeKey());
  expect(json(bundle)).toEqual({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    config: {
      mediaType: "application/vnd.oci.empty.v1+json",
      digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
      size: 2,
    },
    layers: [
      {
        mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
        digest: bundle.blobs[1]!.descriptor.digest,
        size: bundle.blobs[1]!.bytes.length,
      },
    ],
    subject: made.manifest.descriptor,
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
    },
  });
  expect(bundle.referrer.descriptor.digest).toBe(digestBytes(bundle.referrer.bytes));
  expect(bundle.tag).toBeUndefined();
});

test("a simple signature stands at cosign's tag, and its config lists its layers", () => {
  const made = makePackage();
  const [, simple] = sign(made, makeKey());
  expect(simple.tag).toBe(`sha256-${made.digest.slice(7)}.sig`);
  const [config, payload] = simple.blobs;
  expect(JSON.parse(new TextDecoder().decode(config!.bytes)).rootfs.diff_ids).toEqual([
    payload!.descriptor.digest,
  ]);
  expect(json(simple).layers[0].annotations["dev.cosignproject.cosign/signature"]).toMatch(
    /^[A-Za-z0-9+/=]+$/,
  );
});

test("what was signed in both layouts and attested is read back, statements apart from signatures", async () => {
  const made = makePackage();
  const key = makeKey();
  const source = openMemorySource(withCarriers(made, ...sign(made, key), attest(made, key, {})));
  const { signatures, attestations, carriers } = await readSignatures(source);
  expect(signatures.map(({ layout }) => layout)).toEqual(["bundle", "simple"]);
  expect(attestations).toHaveLength(1);
  expect(carriers.map(({ tag }) => tag !== undefined)).toEqual([false, true, false]);
});

test("signing a second time keeps the first signature in both layouts, however often it is added", async () => {
  const made = makePackage();
  const first = sign(made, makeKey());
  const second = sign(made, makeKey());
  const once = await attachSignatures(openMemorySource(withCarriers(made, ...first)), second);
  const twice = await attachSignatures(once, second);
  for (const source of [once, twice]) {
    const { signatures, carriers } = await readSignatures(source);
    expect(signatures.map(({ layout }) => layout)).toEqual(["bundle", "simple", "simple", "bundle"]);
    expect(carriers).toHaveLength(3);
  }
});

test("merging keeps others' annotations and order, and changes nothing where nothing is new", () => {
  const made = makePackage();
  const [, ours] = sign(made, makeKey());
  const [, theirs] = sign(made, makeKey());
  const merged = mergeSimpleSigning(theirs, ours, made.digest);
  const layers = json(merged).layers;
  expect(layers).toEqual([json(theirs).layers[0], json(ours).layers[0]]);
  expect(mergeSimpleSigning(merged, ours, made.digest)).toBe(merged);
  expect(mergeSimpleSigning(theirs, merged, made.digest)).toBe(merged);
  const config = merged.blobs.find(({ descriptor }) => descriptor.digest === json(merged).config.digest);
  expect(JSON.parse(new TextDecoder().decode(config!.bytes)).rootfs.diff_ids).toHaveLength(2);
});

test("a statement about another package isn't looked at", async () => {
  const [made, other] = [makePackage(), makePackage({ name: "other" })];
  const source = openMemorySource(withCarriers(made, sign(other, makeKey())[0]));
  expect(await readSignatures(source)).toEqual({ signatures: [], attestations: [], carriers: [] });
});

test("a changed bundle, payload or manifest is refused by its digest", async () => {
  const made = makePackage();
  for (const index of [0, 1]) {
    const carrier = sign(made, makeKey())[index]!;
    for (const part of [0, 1]) {
      const blobs = carrier.blobs.map((blob, at) =>
        at === part ? { ...blob, bytes: flip(blob.bytes) } : blob,
      );
      const source = openMemorySource(withCarriers(made, { ...carrier, blobs }));
      const error = await failure(readSignatures(source));
      expect(error.code).toBe("digest-mismatch");
      expect(error.where?.digest).toBe(carrier.blobs[part]!.descriptor.digest);
    }
    const { descriptor, bytes } = carrier.referrer;
    const changed = { ...carrier, referrer: { descriptor, bytes: flip(bytes) } };
    const error = await failure(readSignatures(openMemorySource(withCarriers(made, changed))));
    expect(error).toMatchObject({ code: "digest-mismatch", where: { digest: descriptor.digest } });
  }
});

test("manifests of others beside a package are passed over, however broken", async () => {
  const made = makePackage();
  const broken = [
    "",
    "null",
    "[]",
    "{",
    '{"layers":3}',
    '{"layers":[null]}',
    '{"layers":[{"mediaType":"x"}]}',
  ];
  const carriers = broken.map((text) => carrierOf(text));
  expect((await readSignatures(openMemorySource(withCarriers(made, ...carriers)))).carriers).toEqual([]);
});

test("whatever stands in the place of anything in a signature's manifest, it is read, passed over or refused", () => {
  const type = fc.constantFrom(
    "application/vnd.dev.cosign.simplesigning.v1+json",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
  );
  const part = fc.record(
    { mediaType: type, digest: fc.jsonValue(), size: fc.jsonValue(), annotations: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const manifest = fc.record(
    { layers: fc.array(part), config: fc.jsonValue(), subject: fc.jsonValue(), annotations: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(manifest, (value) => {
      try {
        parseCarrier(carrierOf(JSON.stringify(value)).referrer);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RemoteMediaError);
      }
    }),
  );
});

test("more than can be read at once beside a package isn't read", async () => {
  const made = makePackage();
  const many = Array.from({ length: 70 }, () => sign(made, makeKey())[0]);
  const { carriers } = await readSignatures(openMemorySource(withCarriers(made, ...many)));
  expect(carriers).toHaveLength(64);
  const big = Array.from({ length: 20 }, (_, index) => bundleOf(made, index));
  const read = await readSignatures(openMemorySource(withCarriers(made, ...big)));
  expect(read.carriers).toHaveLength(15);
});

test("a signature's manifest that lies about its parts is refused", () => {
  const type = "application/vnd.dev.cosign.simplesigning.v1+json";
  const layer = { mediaType: type, digest: `sha256:${"0".repeat(64)}`, size: 3 };
  const lies = [
    { layers: [{ ...layer, size: -1 }] },
    { layers: [{ ...layer, size: 1.5 }] },
    { layers: [{ ...layer, size: 2 ** 40 }] },
    { layers: [{ ...layer, digest: "sha512:00" }] },
    { layers: [{ ...layer, annotations: [] }] },
    { layers: [{ ...layer, annotations: { a: 1 } }] },
    { layers: [layer, { mediaType: "x" }] },
    { layers: [layer], config: 7 },
    { layers: [layer], subject: {} },
    { layers: Array(65).fill(layer) },
    { layers: Array(5).fill({ ...layer, size: 1024 * 1024 }) },
  ];
  for (const lie of lies) {
    expect(
      () => parseCarrier(carrierOf(JSON.stringify(lie)).referrer),
      JSON.stringify(lie).slice(0, 200),
    ).toThrow(expect.objectContaining({ code: "package-invalid" }));
  }
});

/** A bundle of 1 MiB of nothing. */
function bundleOf(made: MemoryPackage, first: number): AttachedReferrer {
  const bundle = new Uint8Array(1024 * 1024);
  bundle[0] = first;
  return provenanceManifest(bundle, made.manifest.descriptor);
}

function carrierOf(text: string): AttachedReferrer {
  const bytes = new TextEncoder().encode(text);
  const descriptor = { mediaType: "application/json", digest: digestBytes(bytes), size: bytes.length };
  return { referrer: { descriptor, bytes }, blobs: [] };
}

function flip(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed[changed.length >> 1]! ^= 1;
  return changed;
}
