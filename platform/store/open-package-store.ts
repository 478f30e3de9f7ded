// openPackageStore: the store of packages in a folder of this machine.
import { join } from "node:path";
import type { Digest } from "../base/digest.ts";
import { RemoteMediaError } from "../base/error.ts";
import type { PackageStore } from "../contract/package-store.ts";
import { readBlob, readWhole } from "./blob-file.ts";
import type { Disk } from "./disk.ts";
import { errnoOf } from "./disk-failure.ts";
import { holdPackage } from "./holds.ts";
import { openLinuxDisk } from "./linux-disk.ts";
import { receiveBlob } from "./receive-blob.ts";
import { neededBlobs, readRecord, readRecords, rememberPackage } from "./record-files.ts";
import { Session } from "./session.ts";
import { digestFile, stateFile, storeFolders } from "./store-folders.ts";
import { withLock } from "./store-lock.ts";
import { sweepStore } from "./sweep.ts";
import { createView, findView } from "./view-folder.ts";
import { replaceFile } from "./whole-file.ts";

export interface PackageStoreOptions {
  /** Default: this machine's. */
  readonly disk?: Disk;
}

const maxStateBytes = 16 * 1024 * 1024;

/** Opens the store in `folder`, which is made by the first thing that is stored, for its owner only.
 * Its disposal lets go of what was taken in and isn't remembered; the end of the process does as well. */
export function openPackageStore(
  folder: string,
  options: PackageStoreOptions = {},
): PackageStore & AsyncDisposable {
  const disk = options.disk ?? openLinuxDisk();
  const folders = storeFolders(folder);
  const session = new Session(disk, folders);
  return {
    async sizeOf(digest) {
      const entry = await disk.entry(digestFile(folders.blobs, digest));
      return entry?.kind === "file" ? entry.size : undefined;
    },
    read: (blob) => readBlob(disk, folders, blob),
    fileOf: (digest) => digestFile(folders.blobs, digest),
    receive: (blob, read, onProgress) => receiveBlob(disk, folders, session, blob, read, onProgress),
    async write(bytes) {
      const digest: Digest = `sha256:${Bun.CryptoHasher.hash("sha256", bytes, "hex")}`;
      const blob = { digest, size: bytes.byteLength };
      await receiveBlob(disk, folders, session, blob, (offset) => once(bytes.subarray(offset)));
      return digest;
    },
    findView: (digest) => findView(disk, folders, digest),
    async createView(digest, entries) {
      const view = await createView(disk, folders, session, digest, entries);
      // Where a record has the package already, that is what keeps it.
      const known = await readRecord(disk, folders, digest);
      if (known !== undefined) await session.release([digest, ...neededBlobs(known)]);
      return view;
    },
    record: (digest) => readRecord(disk, folders, digest),
    records: () => readRecords(disk, folders),
    remember: (digest, change) => rememberPackage(disk, folders, session, digest, change),
    hold: (digest) => holdPackage(disk, folders, digest),
    sweep: (everything = false) => sweepStore(disk, folders, session, everything),
    async readState(name) {
      const path = stateFile(folders, name);
      try {
        const bytes = await readWhole(disk, path, maxStateBytes + 1);
        if (bytes.byteLength <= maxStateBytes) return bytes;
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return undefined;
        throw error;
      }
      throw new RemoteMediaError("store-failed", "a file of the state is too long", {
        where: { file: path },
      });
    },
    async writeState(name, bytes) {
      const path = stateFile(folders, name);
      await withLock(disk, folders, "lock", "shared", () =>
        replaceFile(disk, path, join(folders.state, session.temporaryName("state")), [bytes]),
      );
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
