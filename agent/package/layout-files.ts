// The files of an OCI image layout: in a tar or in a folder, read where they lie.
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { invalid } from "./layout-descriptor.ts";
import { type RandomAccess, readTarFiles } from "./tar-reader.ts";

/** Bytes of a file: from `fileOffset` on, `size` of them. */
export interface Stretch {
  readonly file: string;
  readonly fileOffset: number;
  readonly size: number;
}

export interface LayoutFiles extends AsyncDisposable {
  /** A file by its path in the layout; undefined where there is none. */
  find(path: string): Promise<Stretch | undefined>;
  /** Exactly the stretch's bytes from `offset` on, in pieces. @throws RemoteMediaError `package-invalid` where the file has changed */
  read(stretch: Stretch, offset: number): AsyncIterable<Uint8Array>;
}

/** Large enough that asking costs nothing, small enough to be held. */
const pieceBytes = 256 * 1024;

/** @throws RemoteMediaError `package-missing`, `package-invalid` */
export async function openLayoutFiles(path: string): Promise<LayoutFiles> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new RemoteMediaError("package-missing", `there is no package at ${path}`, {
      where: { file: path },
      cause,
    });
  });
  if (found.isDirectory()) return openFolder(path);
  if (!found.isFile()) throw invalid(`${path} is neither a file nor a folder`);
  return openTar(path);
}

/** What a layout in a tar may have. `ingest` is where oras leaves its unfinished work. */
export function isLayoutPath(path: string, kind: "file" | "folder"): boolean {
  return kind === "folder"
    ? ["", "blobs", "blobs/sha256", "ingest"].includes(path)
    : path === "oci-layout" || path === "index.json" || /^blobs\/sha256\/[0-9a-f]{64}$/.test(path);
}

async function openTar(file: string): Promise<LayoutFiles> {
  const handle = await openFile(file);
  try {
    const { size } = await handle.stat();
    await refuseCompressed(handle, size);
    const access: RandomAccess = { size, read: (offset, length) => readExactly(handle, offset, length) };
    const files = await readTarFiles(access, isLayoutPath);
    return {
      async find(path) {
        const found = files.get(path);
        return found && { file, fileOffset: found.offset, size: found.size };
      },
      read: (stretch, offset) => readPieces(handle, stretch, offset),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

function openFolder(folder: string): LayoutFiles {
  return {
    async find(path) {
      const file = join(folder, path);
      const found = await stat(file).catch(() => undefined);
      if (found === undefined) return undefined;
      if (!found.isFile()) throw invalid(`${file} is no file`);
      return { file, fileOffset: 0, size: found.size };
    },
    async *read(stretch, offset) {
      const handle = await openFile(stretch.file);
      try {
        yield* readPieces(handle, stretch, offset);
      } finally {
        await handle.close();
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** A FIFO in a file's place is not waited for. */
async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RemoteMediaError("package-missing", `${file} can't be read: ${why}`, {
      where: { file },
      cause,
    });
  }
}

async function* readPieces(handle: FileHandle, stretch: Stretch, offset: number): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < stretch.size; at += pieceBytes) {
    yield await readExactly(handle, stretch.fileOffset + at, Math.min(pieceBytes, stretch.size - at));
  }
}

async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0)
      throw invalid(`the file ends at byte ${offset + filled}: it was changed while it was read`);
    filled += bytesRead;
  }
  return bytes;
}

async function refuseCompressed(handle: FileHandle, size: number): Promise<void> {
  const [first, second, third] = await readExactly(handle, 0, Math.min(size, 4));
  const isGzip = first === 0x1f && second === 0x8b;
  const isZstd = first === 0x28 && second === 0xb5 && third === 0x2f;
  if (isGzip || isZstd) throw invalid("the file is compressed; a package is a plain tar");
}
