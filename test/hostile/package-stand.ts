// Packages that attack: files put together by hand, and what the program's own way from a file to an unpacked view makes of them.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestBytes } from "../../agent/package/collect-blob.ts";
import { installPackage } from "../../agent/package/install-package.ts";
import { openPackageFile } from "../../agent/package/package-file.ts";
import { tarEnd, tarPadding, writeTarHeader } from "../../agent/package/tar-writer.ts";
import { verifyPackage } from "../../agent/package/verify-package.ts";
import { writePackageFile } from "../../agent/package/write-package-file.ts";
import { describeBuild, localBuilder } from "../../agent/trust/provenance.ts";
import type { SigningKey } from "../../agent/trust/signing-key.ts";
import { type TrustPolicy, trustOnly } from "../../agent/trust/trust-policy.ts";
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { FakeStoreContents, openFakePackageStore } from "../../platform/fake/fake-package-store.ts";
import { attest, type MemoryPackage, makeKey, openMemorySource } from "../agent/package/memory-package.ts";

export const key = makeKey();
export const stranger = makeKey();
/** Of a device that asks for all there is. */
export const policy: TrustPolicy = {
  ...trustOnly([{ name: "ada", key: key.publicKey }]),
  requireProvenance: true,
};

/** A provenance as our build makes it. */
export function provenance(made: MemoryPackage, by: SigningKey = key) {
  const statement = describeBuild({
    subject: { name: "doorbell", digest: made.digest },
    externalParameters: {},
    inputs: [],
    builder: { id: localBuilder, version: {} },
    invocationId: "1",
    startedMs: 0,
    finishedMs: 0,
  });
  return attest(made, by, (statement as { predicate: object }).predicate);
}

/** The bytes of the file that our own `build` would write. */
export async function fileOf(made: MemoryPackage): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writePackageFile(openMemorySource(made), made.carriers).chunks())
    pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A layout of files by path, as a tar. Blobs are put under their digests. */
export function layoutOf(index: unknown, blobs: readonly Uint8Array[]): Buffer {
  const encode = (value: unknown) =>
    value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value), "utf8");
  const files = new Map<string, Uint8Array>([
    ["oci-layout", encode({ imageLayoutVersion: "1.0.0" })],
    ["index.json", encode(index)],
    ...blobs.map((bytes): [string, Uint8Array] => [`blobs/${digestBytes(bytes).replace(":", "/")}`, bytes]),
  ]);
  return tarOf([...files]);
}

export function tarOf(files: readonly (readonly [path: string, bytes: Uint8Array])[]): Buffer {
  const entries = files.flatMap(([path, bytes]) => [
    writeTarHeader(path, bytes.length),
    bytes,
    tarPadding(bytes.length),
  ]);
  return Buffer.concat([...entries, tarEnd()]);
}

/** What a device has of a package once it is verified and unpacked. */
export interface Taken {
  readonly digest: Digest;
  readonly signer: string | undefined;
  /** Path → the file's digest; without `meta/`, which says where it came from. */
  readonly files: Readonly<Record<string, string>>;
}

/** A scratch file that holds a package, and the way of it into a store. */
export class PackageStand implements AsyncDisposable {
  readonly folder: string;
  readonly file: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.file = join(folder, "package.rmpkg");
  }

  static async open(): Promise<PackageStand> {
    return new PackageStand(await mkdtemp(join(tmpdir(), "hostile-package-")));
  }

  async put(bytes: Uint8Array): Promise<void> {
    await writeFile(this.file, bytes);
  }

  /** Opens, verifies and unpacks the file as it lies there. */
  async take(by: TrustPolicy = policy): Promise<Taken> {
    await using source = await openPackageFile(this.file);
    const verified = await verifyPackage(source, by);
    const contents = new FakeStoreContents();
    const { digest, signer } = await installPackage(verified, source, openFakePackageStore(contents));
    const view = [...(contents.views.get(digest) ?? [])].filter(([path]) => !path.startsWith("meta/"));
    const files = Object.fromEntries(view.map(([path, bytes]) => [path, digestBytes(bytes)]));
    return { digest, signer: signer?.name, files };
  }

  /** The code of the error of ours that taking it ends with; what else is thrown fails the test. */
  async codeOf(bytes?: Uint8Array, by?: TrustPolicy): Promise<string> {
    if (bytes !== undefined) await this.put(bytes);
    try {
      await this.take(by);
      return "taken";
    } catch (thrown) {
      if (thrown instanceof RemoteMediaError && thrown.family !== "internal") return thrown.code;
      throw thrown;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
