// initramfs: the archive that a kernel unpacks into memory as its first file system.

/** A file of the archive. */
export interface ArchiveFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly executable?: boolean;
}

/** The parts of a cpio archive in the "newc" format; the folders of the files are in it as well.
 * @see https://docs.kernel.org/driver-api/early-userspace/buffer-format.html */
export function initramfs(files: readonly ArchiveFile[]): Uint8Array<ArrayBuffer>[] {
  const folders = new Set(files.flatMap(({ path }) => parentsOf(path)));
  const parts = [...folders].flatMap((path) => entry(path, 0o040755, new Uint8Array()));
  for (const { path, bytes, executable } of files)
    parts.push(...entry(path, executable ? 0o100755 : 0o100644, bytes));
  return [...parts, ...entry("TRAILER!!!", 0, new Uint8Array())];
}

function parentsOf(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}

let inode = 0;

function entry(name: string, mode: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  // inode, mode, uid, gid, links, mtime, size, device ×4, length of the name, checksum
  const fields = [++inode, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return [padded(new TextEncoder().encode(head)), padded(bytes)];
}

/** Zeros up to a multiple of 4, which both parts of an entry end on. */
function padded(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (bytes.length % 4 === 0) return bytes;
  const whole = new Uint8Array(bytes.length + 4 - (bytes.length % 4));
  whole.set(bytes);
  return whole;
}
