// Where the files of a tar lie: one walk over its headers. Nothing is unpacked, and nothing of the files themselves is read.
import { printable } from "../../platform/base/printable.ts";
import { invalid } from "./layout-descriptor.ts";
import { extendHeader, maxExtensionBytes, parseTarExtension, type TarExtension } from "./tar-extension.ts";
import { parseTarHeader, type TarHeader, tarBlockBytes } from "./tar-header.ts";

/** Bytes of a file at an offset. `read` gives exactly `length` bytes, or throws. */
export interface RandomAccess {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A file in a tar: where its bytes are. */
export interface TarFile {
  readonly offset: number;
  readonly size: number;
}

const maxEntries = 100_000;
/** Zeros at the end: a tape's record is 10 KiB, and nobody writes larger ones than a few MiB. */
const maxEndBytes = 4 * 1024 * 1024;

/** The files of a tar by path (`./` in front is cut off), in the file's order; `isFolder` says which folders may be there. GNU, POSIX and old tar are
 * read. Refused: links, devices, sparse files, names twice, entries that reach beyond the end, padding and ends that aren't zeros.
 * @throws RemoteMediaError `package-invalid` */
export async function readTarFiles(
  tar: RandomAccess,
  isKnown: (path: string, kind: "file" | "folder") => boolean,
): Promise<ReadonlyMap<string, TarFile>> {
  const files = new Map<string, TarFile>();
  const seen = new Set<string>();
  let entries = 0;
  for await (const { header, offset } of walk(tar)) {
    if (++entries > maxEntries) throw invalid(`the file has more than ${maxEntries} entries`);
    const kind = header.kind === "folder" ? "folder" : "file";
    const path = cutPath(header.path, kind);
    if (!isKnown(path, kind)) {
      throw invalid(
        `the file has the ${kind} "${printable(header.path)}", which isn't of an OCI image layout`,
      );
    }
    if (seen.has(path)) throw invalid(`the file has "${printable(path)}" twice`);
    seen.add(path);
    if (kind === "file") files.set(path, { offset, size: header.size });
  }
  return files;
}

/** Without the `./` in front and a folder's `/` behind. What else isn't plain stays, and is then known to nobody. */
function cutPath(path: string, kind: "file" | "folder"): string {
  const cut = path.startsWith("./") ? path.slice(2) : path;
  return kind === "folder" ? cut.replace(/^\.$/, "").replace(/\/$/, "") : cut;
}

async function* walk(tar: RandomAccess): AsyncGenerator<{ header: TarHeader; offset: number }> {
  let extension: TarExtension | undefined;
  let at = 0;
  for (;;) {
    const block = await readHeaderBlock(tar, at);
    if (block.every((byte) => byte === 0)) break;
    const written = parseTarHeader(block, at);
    const header = extension === undefined ? written : extendHeader(written, extension, at);
    const offset = at + tarBlockBytes;
    const end = offset + Math.ceil(header.size / tarBlockBytes) * tarBlockBytes;
    if (end > tar.size) throw invalid(`the tar entry at byte ${at} reaches beyond the end of the file`);
    await checkZeros(tar, offset + header.size, end, `the padding at byte ${offset + header.size}`);
    if (header.kind === "extended" || header.kind === "global") {
      if (extension !== undefined) throw invalid(`two extended tar headers stand at byte ${at}`);
      extension = await readExtension(tar, header, offset);
    } else {
      extension = undefined;
      yield { header, offset };
    }
    at = end;
  }
  if (extension !== undefined) throw invalid("an extended tar header stands before nothing");
  await checkEnd(tar, at);
}

function readHeaderBlock(tar: RandomAccess, at: number): Promise<Uint8Array> {
  if (at + 2 * tarBlockBytes > tar.size) throw invalid("the file is cut short: it has no end");
  return tar.read(at, tarBlockBytes);
}

/** A header for all entries may say nothing that matters to one. */
async function readExtension(
  tar: RandomAccess,
  header: TarHeader,
  offset: number,
): Promise<TarExtension | undefined> {
  if (header.size > maxExtensionBytes) throw invalid(`an extended tar header has ${header.size} bytes`);
  const extension = parseTarExtension(await tar.read(offset, header.size), offset);
  if (header.kind === "extended") return extension;
  if (Object.keys(extension).length > 0) throw invalid("a global tar header gives a path or a size");
  return undefined;
}

/** Two blocks of zeros at least, and nothing but zeros to the end of the file. */
async function checkEnd(tar: RandomAccess, at: number): Promise<void> {
  if (tar.size - at > maxEndBytes) throw invalid(`the file goes on for ${tar.size - at} bytes after its end`);
  await checkZeros(tar, at, tar.size, `what follows the end at byte ${at}`);
}

async function checkZeros(tar: RandomAccess, from: number, to: number, what: string): Promise<void> {
  for (let at = from; at < to; ) {
    const bytes = await tar.read(at, Math.min(to - at, 64 * 1024));
    if (bytes.some((byte) => byte !== 0)) throw invalid(`${what} isn't zeros`);
    at += bytes.length;
  }
}
