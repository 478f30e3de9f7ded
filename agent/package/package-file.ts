// A package in a file: an OCI image layout in a tar, or in a folder. Read where it lies; nothing is unpacked.
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { type Descriptor, maxManifestBytes } from "../../platform/contract/oci.ts";
import { collectBlob } from "./collect-blob.ts";
import { invalid } from "./layout-descriptor.ts";
import { type LayoutFiles, openLayoutFiles, type Stretch } from "./layout-files.ts";
import {
  findPackage,
  findReferrers,
  type IndexedManifest,
  parseLayoutIndex,
  parseLayoutVersion,
  readIndexed,
} from "./layout-index.ts";
import { type PackageManifest, partName } from "./package-manifest.ts";
import type { PackageSource, Referrer } from "./package-source.ts";
import { parsePackageManifest } from "./parse-package-manifest.ts";

type Blob = Pick<Descriptor, "digest" | "size">;

/** Opens an `.rmpkg`, what `skopeo` and `oras` write, or a layout's folder. Whatever the file does while it is open, reads give the
 * bytes or throw.
 * @throws RemoteMediaError `package-missing`, `package-invalid`, `digest-mismatch` */
export async function openPackageFile(path: string): Promise<PackageSource> {
  const files = await openLayoutFiles(path).catch((thrown) => {
    throw located(thrown, path);
  });
  try {
    return await openLayout(files, path);
  } catch (thrown) {
    await files[Symbol.asyncDispose]();
    throw located(thrown, path);
  }
}

async function openLayout(files: LayoutFiles, path: string): Promise<PackageSource> {
  parseLayoutVersion(await readWhole(files, "oci-layout"));
  const entries = parseLayoutIndex(await readWhole(files, "index.json"));
  const indexed: IndexedManifest[] = [];
  for (const descriptor of entries) {
    indexed.push(readIndexed(descriptor, await readManifest(files, descriptor)));
  }
  const found = findPackage(indexed);
  const manifest = parsePackageManifest(found.descriptor, found.bytes);
  const stretches = await findBlobs(files, manifest);
  return {
    name: path,
    manifest,
    async referrers() {
      const attached = findReferrers(indexed, manifest.descriptor.digest);
      return attached.map(({ descriptor, bytes }): Referrer => ({ descriptor, bytes }));
    },
    async *read(blob, offset = 0) {
      yield* files.read(stretches.get(blob.digest) ?? (await findBlob(files, blob)), offset);
    },
    stretch: (blob) => stretches.get(blob.digest),
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  };
}

/** Where each part of the package lies: all are there and have their size before anybody reads one. */
async function findBlobs(
  files: LayoutFiles,
  manifest: PackageManifest,
): Promise<ReadonlyMap<Digest, Stretch>> {
  const stretches = new Map<Digest, Stretch>();
  for (const blob of manifest.blobs) {
    stretches.set(blob.digest, await findBlob(files, blob, partName(manifest, blob.digest)));
  }
  return stretches;
}

async function findBlob(files: LayoutFiles, { digest, size }: Blob, part = "a blob"): Promise<Stretch> {
  const stretch = await files.find(`blobs/${digest.replace(":", "/")}`);
  if (stretch === undefined) throw invalid(`${part} is missing: the file has no blob ${digest}`, digest);
  if (stretch.size !== size) throw invalid(`${part} has ${stretch.size} bytes, not ${size}`, digest);
  return stretch;
}

async function readManifest(files: LayoutFiles, descriptor: Descriptor): Promise<Uint8Array> {
  const stretch = await findBlob(files, descriptor, "a manifest");
  return collectBlob(descriptor, files.read(stretch, 0), "manifest", maxManifestBytes);
}

async function readWhole(files: LayoutFiles, path: "oci-layout" | "index.json"): Promise<Uint8Array> {
  const stretch = await files.find(path);
  if (stretch === undefined) throw invalid(`this isn't an OCI image layout: it has no ${path}`);
  if (stretch.size > maxManifestBytes)
    throw invalid(`${path} has ${stretch.size} bytes; at most ${maxManifestBytes} are taken`);
  const pieces: Uint8Array[] = [];
  for await (const piece of files.read(stretch, 0)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The file's name goes with what is wrong with it. */
function located(thrown: unknown, file: string): unknown {
  if (!(thrown instanceof RemoteMediaError)) return thrown;
  const { code, hint, where, cause } = thrown;
  return new RemoteMediaError(code, thrown.message, {
    where: { file, ...where },
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
