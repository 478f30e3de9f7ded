// A package as a file again, whichever way it went.
import { expect, test } from "vitest";
import { attachSignatures } from "../../../agent/package/attach-signatures.ts";
import { exportPackage } from "../../../agent/package/export-package.ts";
import type { PackageSource } from "../../../agent/package/package-source.ts";
import { writePackageFile } from "../../../agent/package/write-package-file.ts";
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

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** As a registry has them: manifests without what an index says of them, and in another order. */
function bare(source: PackageSource): PackageSource {
  return {
    ...source,
    async referrers() {
      const all = await source.referrers();
      return all.toReversed().map(({ descriptor: { mediaType, digest, size }, bytes }) => {
        return { descriptor: { mediaType, digest, size }, bytes };
      });
    },
  };
}

test("the file is the one that was built, wherever the package has been meanwhile", async () => {
  const made = makePackage({ files: [fileOf("modules/a.wasm", 3000), fileOf("models/m", 10_000)] });
  const carriers = [...sign(made, key), attest(made, key, {})];
  const built = await collect(writePackageFile(openMemorySource(made), carriers).chunks());
  const file = await exportPackage(bare(openMemorySource(withCarriers(made, ...carriers))));
  const exported = await collect(file.chunks());
  expect(exported.equals(built)).toBe(true);
  expect(file.size).toBe(built.length);
});

test("a file that is signed later is the one that was signed at once", async () => {
  const made = makePackage();
  const carriers = sign(made, key);
  const built = await collect(writePackageFile(openMemorySource(made), carriers).chunks());
  const signed = await attachSignatures(openMemorySource(made), carriers);
  expect((await collect((await exportPackage(signed)).chunks())).equals(built)).toBe(true);
});

test("a source that gives other bytes gives no file", async () => {
  const made = makePackage({ files: [fileOf("modules/a.wasm")] });
  const source = openMemorySource(made);
  const { digest } = source.manifest.layers[0]!.descriptor;
  const lying = openMemorySource({ ...made, blobs: new Map([...made.blobs, [digest, fileOf("x").bytes]]) });
  const error = await failure(exportPackage(lying).then((file) => collect(file.chunks())));
  expect(error).toMatchObject({ code: "digest-mismatch", where: { digest } });
});
