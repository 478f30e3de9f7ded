// The Repository suite: what whoever pushes and pulls may rely on, whatever registry is on the other side. It holds the cases of the OCI distribution
// conformance suite (pull, push, content management left out, referrers) that concern a client.
// @see https://github.com/opencontainers/distribution-spec/tree/v1.1.1/conformance
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OciReference } from "../../platform/base/oci-reference.ts";
import { emptyType, imageManifestType } from "../../platform/contract/oci.ts";
import type { OpenRepository, Repository } from "../../platform/contract/registry.ts";
import { failure } from "../support/failure.ts";
import { chunksOf, digestOf, type TestBlob, testBlob, unread } from "../support/stored-blobs.ts";

/** One registry, and a way to open its repositories. */
export interface RegistryWorld extends AsyncDisposable {
  readonly host: string;
  readonly open: OpenRepository;
}

const artifactType = "application/vnd.test.signature";

/** Runs the suite on one registry. */
export function describeRepository(name: string, makeWorld: () => Promise<RegistryWorld>): void {
  describe(`${name} is a registry whose Repository`, () => {
    let world: RegistryWorld;
    let repository: Repository;
    const at = (path: string): Repository =>
      world.open({ host: world.host, repository: path } satisfies OciReference);
    beforeAll(async () => {
      world = await makeWorld();
      repository = at("conformance/one");
    });
    afterAll(async () => world?.[Symbol.asyncDispose]());

    describeBlobs(() => ({ repository, at }));
    describeManifests(() => ({ repository, at }));
    describeReferrers(() => ({ repository, at }));
  });
}

type Around = () => { repository: Repository; at: (path: string) => Repository };

const push = (to: Repository, blob: TestBlob) =>
  to.writeBlob({ descriptor: blob, read: chunksOf(blob.bytes) });

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk.slice());
  return new Uint8Array(Buffer.concat(all));
}

function describeBlobs(around: Around): void {
  it("knows no blob before it is written, and each of its bytes after", async () => {
    const { repository } = around();
    const blob = testBlob(3_000_001);
    expect(await repository.hasBlob(blob)).toBe(false);
    expect(await push(repository, blob)).toBe("uploaded");
    expect(await repository.hasBlob(blob)).toBe(true);
    expect(digestOf(await collect(repository.readBlob(blob)))).toBe(blob.digest);
  });

  it("tells a blob's size by its digest alone, and none of a blob that isn't there", async () => {
    const { repository } = around();
    const blob = testBlob(4321, 77);
    expect(await repository.sizeOfBlob(blob.digest)).toBeUndefined();
    await push(repository, blob);
    expect(await repository.sizeOfBlob(blob.digest)).toBe(4321);
  });

  it("takes a blob of one byte, and of a size that is no multiple of anything", async () => {
    const { repository } = around();
    for (const size of [1, 65_537]) {
      const blob = testBlob(size, 7);
      await push(repository, blob);
      expect(await collect(repository.readBlob(blob))).toEqual(blob.bytes);
    }
  });

  it("asks nobody for the bytes of a blob that is there", async () => {
    const { repository } = around();
    const blob = testBlob(1000);
    await push(repository, blob);
    expect(await repository.writeBlob({ descriptor: blob, read: unread })).toBe("present");
  });

  it("sends a part of a file, and tells how far it is", async () => {
    const { repository } = around();
    const blob = testBlob(5_000_000, 2);
    const folder = mkdtempSync(join(tmpdir(), "registry-"));
    const file = join(folder, "tar");
    writeFileSync(file, Buffer.concat([new Uint8Array(512), blob.bytes, new Uint8Array(1024)]));
    const told: number[] = [];
    const onProgress = (bytes: number) => void told.push(bytes);
    const upload = { descriptor: blob, read: unread, file, fileOffset: 512, onProgress };
    expect(await repository.writeBlob(upload)).toBe("uploaded");
    rmSync(folder, { recursive: true });
    expect(told.at(-1)).toBe(blob.size);
    expect(told).toEqual(told.toSorted((one, other) => one - other));
    expect(digestOf(await collect(repository.readBlob(blob)))).toBe(blob.digest);
  });

  it("reads from an offset to the end, and nothing from the end on", async () => {
    const { repository } = around();
    const blob = testBlob(100_000, 3);
    await push(repository, blob);
    expect(await collect(repository.readBlob(blob, 99_000))).toEqual(blob.bytes.subarray(99_000));
    expect(await collect(repository.readBlob(blob, blob.size))).toEqual(new Uint8Array());
  });

  it("leaves a download when its reader does", async () => {
    const { repository } = around();
    const blob = testBlob(4_000_000, 4);
    await push(repository, blob);
    for await (const chunk of repository.readBlob(blob)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await repository.hasBlob(blob)).toBe(true);
  });

  it("mounts a blob of another repository, or uploads it where the registry doesn't mount", async () => {
    const { repository, at } = around();
    const blob = testBlob(50_000, 5);
    await push(repository, blob);
    const other = at("conformance/mounted");
    const outcome = await other.writeBlob({
      descriptor: blob,
      read: chunksOf(blob.bytes),
      mountFrom: "conformance/one",
    });
    // A registry whose blobs are shared among repositories says that it is there.
    expect(["mounted", "uploaded", "present"]).toContain(outcome);
    expect(await collect(other.readBlob(blob))).toEqual(blob.bytes);
  });

  it("uploads what the other repository doesn't have either", async () => {
    const blob = testBlob(50_000, 6);
    const other = around().at("conformance/unmounted");
    const upload = { descriptor: blob, read: chunksOf(blob.bytes), mountFrom: "conformance/nothing" };
    expect(await other.writeBlob(upload)).toBe("uploaded");
  });

  it("refuses an upload whose bytes are others", async () => {
    const { repository } = around();
    const blob = { ...testBlob(1000, 8), bytes: testBlob(1000, 9).bytes };
    const error = await failure(push(repository, blob));
    expect(error.code).toBe("registry-failed");
    expect(error.where).toEqual({ digest: blob.digest });
    expect(await repository.hasBlob(blob)).toBe(false);
  });

  it("says which blob is missing", async () => {
    const { repository } = around();
    const blob = testBlob(10, 99);
    const error = await failure(collect(repository.readBlob(blob)));
    expect(error.code).toBe("registry-missing");
    expect(error.message).toContain(blob.digest);
    expect(error.message).toContain(`${repository.host}/conformance/one`);
  });
}

/** A manifest over a config and one layer; `subject` makes it a referrer. */
async function pushManifest(to: Repository, seed: number, subject?: object, tag?: string) {
  const config = testBlob(100, 1000 + seed);
  const layer = testBlob(2000, 2000 + seed);
  for (const blob of [config, layer]) await push(to, blob);
  const manifest = {
    schemaVersion: 2,
    mediaType: imageManifestType,
    ...(subject && { artifactType }),
    config: { mediaType: emptyType, digest: config.digest, size: config.size },
    layers: [{ mediaType: "application/octet-stream", digest: layer.digest, size: layer.size }],
    ...(subject && { subject }),
    annotations: { seed: String(seed) },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const { digest } = await to.writeManifest(bytes, imageManifestType, tag);
  return { bytes, descriptor: { mediaType: imageManifestType, digest, size: bytes.length } };
}

function describeManifests(around: Around): void {
  it("gives a manifest under its tag and its digest, byte for byte", async () => {
    const { repository } = around();
    const { bytes, descriptor } = await pushManifest(repository, 1, undefined, "v1");
    expect(descriptor.digest).toBe(digestOf(bytes));
    for (const name of ["v1", descriptor.digest]) {
      expect(await repository.resolve(name)).toEqual(descriptor);
      expect(await repository.readManifest(name)).toEqual({ descriptor, bytes });
    }
  });

  it("moves a tag, and keeps what it stood for under its digest", async () => {
    const { repository } = around();
    const before = await pushManifest(repository, 2, undefined, "moving");
    const after = await pushManifest(repository, 3, undefined, "moving");
    expect((await repository.resolve("moving"))?.digest).toBe(after.descriptor.digest);
    expect((await repository.readManifest(before.descriptor.digest)).bytes).toEqual(before.bytes);
  });

  it("writes a manifest without a tag", async () => {
    const { repository } = around();
    const { descriptor } = await pushManifest(repository, 4);
    expect(await repository.resolve(descriptor.digest)).toEqual(descriptor);
  });

  it("resolves nothing where there is nothing, and reading that is an error", async () => {
    const { repository, at } = around();
    expect(await repository.resolve("nothing")).toBeUndefined();
    expect(await repository.resolve(testBlob(11).digest)).toBeUndefined();
    expect(await at("conformance/never").resolve("v1")).toBeUndefined();
    expect((await failure(repository.readManifest("nothing"))).code).toBe("registry-missing");
  });
}

function describeReferrers(around: Around): void {
  it("lists no referrers of what nobody refers to", async () => {
    const { repository } = around();
    const { descriptor } = await pushManifest(repository, 10);
    expect(await repository.listReferrers(descriptor.digest)).toEqual([]);
    expect(await repository.listReferrers(testBlob(12).digest)).toEqual([]);
  });

  it("lists what refers to a manifest, with its type and annotations, each once", async () => {
    const { repository } = around();
    const { descriptor: subject } = await pushManifest(repository, 11);
    const first = await pushManifest(repository, 12, subject);
    const second = await pushManifest(repository, 13, subject);
    await pushManifest(repository, 13, subject);
    const listed = await repository.listReferrers(subject.digest);
    expect(listed.toSorted((one, other) => one.digest.localeCompare(other.digest))).toEqual(
      [
        { ...first.descriptor, artifactType, annotations: { seed: "12" } },
        { ...second.descriptor, artifactType, annotations: { seed: "13" } },
      ].toSorted((one, other) => one.digest.localeCompare(other.digest)),
    );
  });

  it("lists the referrer of a manifest that isn't there yet", async () => {
    const { repository } = around();
    const subject = { mediaType: imageManifestType, digest: testBlob(13).digest, size: 13 };
    const { descriptor } = await pushManifest(repository, 14, subject);
    expect((await repository.listReferrers(subject.digest)).map(({ digest }) => digest)).toEqual([
      descriptor.digest,
    ]);
  });
}
