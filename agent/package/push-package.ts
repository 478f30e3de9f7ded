// Puts a package into a registry's repository: what is there stays, what the registry has elsewhere is mounted, and the tag comes last.
import type { BlobUpload, Repository } from "../../platform/contract/registry.ts";
import { blobParts, manifestPart } from "./package-parts.ts";
import type { PackageSource } from "./package-source.ts";
import { pushSignatures } from "./push-signatures.ts";
import { readSignatures } from "./read-signatures.ts";
import { namePart, type TransferOptions, transferParts } from "./transfer-parts.ts";
import { describeTransfer, type TransferPart, type TransferReport } from "./transfer-report.ts";

export interface PushOptions extends TransferOptions {
  /** `host/repository`s that may have the same blobs, the likeliest first: a package is mounted from there rather than uploaded. */
  readonly knownRepositories?: readonly string[] | undefined;
}

/** Blobs first, then the manifest by its digest, its signatures, and at last the tag: a push that breaks off changes no tag, and the
 * next one moves the rest. Signatures that the registry has already stay. Without a tag the package is there by digest only.
 * @throws RemoteMediaError `registry-*`, and what the source throws; names the part and its digest */
export async function pushPackage(
  source: PackageSource,
  repository: Repository,
  tag: string | undefined,
  options: PushOptions = {},
): Promise<TransferReport> {
  const { manifest } = source;
  const { digest, mediaType } = manifest.descriptor;
  const { carriers } = await readSignatures(source);
  const blobs = await transferParts(
    blobParts(manifest),
    (part, tell, signal) => pushBlob(part, tell, signal, source, repository, options),
    options,
  );
  const part = manifestPart(manifest);
  const [written] = await transferParts([part], async () => {
    if ((await repository.resolve(digest)) !== undefined) return { outcome: "present" };
    await repository.writeManifest(manifest.bytes, mediaType);
    return { outcome: "moved" };
  });
  const signatures = await pushSignatures(digest, carriers, repository);
  if (tag !== undefined) {
    await repository.writeManifest(manifest.bytes, mediaType, tag).catch((thrown: unknown) => {
      throw namePart(thrown, { ...part, part: `manifest as "${tag}"` });
    });
  }
  return describeTransfer(digest, [written!, ...blobs, ...signatures]);
}

async function pushBlob(
  { descriptor }: TransferPart,
  tell: (bytes: number) => void,
  signal: AbortSignal,
  source: PackageSource,
  repository: Repository,
  { knownRepositories = [] }: PushOptions,
) {
  const layer = source.manifest.layers.find((one) => one.descriptor.digest === descriptor.digest);
  const mountFrom = mountable([layer?.base, ...knownRepositories], repository);
  const upload: BlobUpload = {
    descriptor,
    read: (offset) => stoppable(source.read(descriptor, offset), signal),
    ...source.stretch?.(descriptor),
    ...(mountFrom === undefined ? {} : { mountFrom }),
    onProgress: tell,
  };
  const outcome = await repository.writeBlob(upload);
  return { outcome: outcome === "uploaded" ? "moved" : outcome } as const;
}

/** The first other repository of the same registry. */
function mountable(
  candidates: readonly (string | undefined)[],
  { host, name }: Repository,
): string | undefined {
  const prefix = `${host}/`;
  return candidates
    .filter((candidate) => candidate?.startsWith(prefix))
    .map((candidate) => candidate!.slice(prefix.length))
    .find((other) => other !== name);
}

async function* stoppable(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
  }
}
