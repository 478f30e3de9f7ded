// A disk in memory that knows what would outlast a power cut, and that refuses or stops at whichever operation a test says.
import type { Disk, DiskEntry, DiskFile, OpenMode } from "../../platform/store/disk.ts";
import { diskFailure } from "../../platform/store/disk-failure.ts";

/** A file or folder. `bytes` and `names` are what programs see; `synced…` what the next start of the machine is sure to. */
interface Inode {
  readonly id: string;
  readonly kind: "file" | "folder";
  bytes: Uint8Array;
  syncedBytes: Uint8Array;
  names: Map<string, Inode>;
  syncedNames: Map<string, Inode>;
  links: number;
  isSealed: boolean;
  readonly locks: Map<object, "shared" | "exclusive">;
}

/** What happens at an operation: it is refused, or the power is cut and nothing ever happens again. */
export type Fault = "ENOSPC" | "EIO" | "power cut";

/** @see Disk */
export class FragileDisk implements Disk {
  /** The operations so far that a fault may strike, by name. */
  readonly operations: string[] = [];
  #root = newInode("folder");
  #faults = new Map<number, Fault>();
  #faultOn: { readonly doing: string; readonly errno: string } | undefined;
  #isCut = false;
  readonly #cut = Promise.withResolvers<void>();
  freeSpaceBytes = Number.MAX_SAFE_INTEGER;

  /** The operation with this number, counted from 0, fails. */
  failAt(operation: number, fault: Fault): void {
    this.#faults.set(operation, fault);
  }

  /** Every operation of this kind is refused, such as links on a file system that has none. */
  refuse(doing: string, errno: string): void {
    this.#faultOn = { doing, errno };
  }

  /** When the power is cut. */
  get cut(): Promise<void> {
    return this.#cut.promise;
  }

  /** What the machine finds when it starts again. Of what wasn't synced, `chance` (0 to 1, asked for each thing) says what arrived.
   * A name that was changed and not synced is the old one or the new one; bytes are the old or the new, block by block. */
  restart(chance: () => number): FragileDisk {
    const after = new FragileDisk();
    const seen = new Map<Inode, Inode>();
    after.#root = survive(this.#root, chance, seen);
    return after;
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    const { folder, name } = await this.#find(path, "open");
    let inode = folder.names.get(name);
    if (inode === undefined && mode === "read") throw diskFailure("open", path, "ENOENT");
    if (inode !== undefined && mode === "new") throw diskFailure("open", path, "EEXIST");
    if (inode?.kind === "folder" && mode !== "read") throw diskFailure("open", path, "EISDIR");
    // Root may write what is sealed; we behave as for anybody else.
    if (inode?.isSealed && mode !== "read") throw diskFailure("open", path, "EACCES");
    if (inode === undefined) {
      await this.#step("create", path);
      inode = folder.names.get(name) ?? newInode("file");
      inode.links = 1;
      folder.names.set(name, inode);
    }
    return this.#opened(path, inode);
  }

  #opened(path: string, inode: Inode): DiskFile {
    const opening = {};
    const disk = this;
    return {
      async entry() {
        await disk.#pause();
        return entryOf(inode);
      },
      async read(into, offset) {
        await disk.#pause();
        if (inode.kind === "folder") throw diskFailure("read", path, "EISDIR");
        const bytes = inode.bytes.subarray(offset, offset + into.byteLength);
        into.set(bytes);
        return bytes.byteLength;
      },
      async write(bytes, offset) {
        const kept = bytes.slice();
        await disk.#step("write", path, () => {
          // Half of it arrives where the power is cut or the disk is full just then.
          put(inode, kept.subarray(0, kept.byteLength >> 1), offset);
        });
        put(inode, kept, offset);
      },
      async truncate(size) {
        await disk.#step("truncate", path);
        const bytes = new Uint8Array(size);
        bytes.set(inode.bytes.subarray(0, size));
        inode.bytes = bytes;
      },
      async sync() {
        await disk.#step("sync", path);
        inode.syncedBytes = inode.bytes.slice();
      },
      async seal() {
        await disk.#step("seal", path);
        inode.isSealed = true;
      },
      tryLock(kind) {
        inode.locks.delete(opening);
        const others = [...inode.locks.values()];
        if (kind === "exclusive" ? others.length > 0 : others.includes("exclusive")) return false;
        inode.locks.set(opening, kind);
        return true;
      },
      async close() {
        inode.locks.delete(opening);
        await disk.#pause();
      },
    };
  }

  async entry(path: string): Promise<DiskEntry | undefined> {
    await this.#pause();
    const inode = this.#walk(path);
    return inode && entryOf(inode);
  }

  async list(folder: string): Promise<readonly string[]> {
    await this.#pause();
    return [...(this.#walk(folder)?.names.keys() ?? [])];
  }

  async makeFolder(path: string): Promise<boolean> {
    const { folder, name } = await this.#find(path, "make");
    if (folder.names.has(name)) return false;
    await this.#step("make folder", path);
    if (folder.names.has(name)) return false;
    folder.names.set(name, newInode("folder"));
    return true;
  }

  async link(file: string, path: string): Promise<void> {
    const inode = (await this.#find(file, "link")).inode;
    const { folder, name } = await this.#find(path, "link");
    if (inode === undefined) throw diskFailure("link", path, "ENOENT");
    if (folder.names.has(name)) throw diskFailure("link", path, "EEXIST");
    await this.#step("link", path);
    inode.links += 1;
    folder.names.set(name, inode);
  }

  async rename(from: string, to: string): Promise<void> {
    const source = await this.#find(from, "rename");
    const target = await this.#find(to, "rename");
    if (source.inode === undefined) throw diskFailure("rename", to, "ENOENT");
    await this.#step("rename", to);
    const replaced = target.folder.names.get(target.name);
    if (replaced?.kind === "folder" && replaced.names.size > 0) throw diskFailure("rename", to, "ENOTEMPTY");
    if (replaced !== undefined) replaced.links -= 1;
    source.folder.names.delete(source.name);
    target.folder.names.set(target.name, source.inode);
  }

  async removeFile(path: string): Promise<void> {
    const { folder, name, inode } = await this.#find(path, "remove");
    if (inode === undefined) return;
    if (inode.kind === "folder") throw diskFailure("remove", path, "EISDIR");
    await this.#step("remove", path);
    inode.links -= 1;
    folder.names.delete(name);
  }

  async removeFolder(path: string): Promise<void> {
    const { folder, name, inode } = await this.#find(path, "remove");
    if (inode === undefined) return;
    if (inode.names.size > 0) throw diskFailure("remove", path, "ENOTEMPTY");
    await this.#step("remove folder", path);
    folder.names.delete(name);
  }

  async syncFolder(path: string): Promise<void> {
    await this.#pause();
    const inode = this.#walk(path);
    if (inode === undefined) throw diskFailure("sync", path, "ENOENT");
    await this.#step("sync folder", path);
    inode.syncedNames = new Map(inode.names);
  }

  async freeBytes(): Promise<number> {
    await this.#pause();
    return this.freeSpaceBytes;
  }

  /** One operation that changes something. @param half what a fault leaves of it */
  async #step(doing: string, path: string, half: () => void = () => {}): Promise<void> {
    await this.#pause();
    const fault = this.#faults.get(this.operations.length);
    this.operations.push(`${doing} ${path}`);
    if (this.#faultOn?.doing === doing) throw diskFailure(doing, path, this.#faultOn.errno);
    if (fault === undefined) return;
    half();
    if (fault !== "power cut") throw diskFailure(doing, path, fault);
    this.#isCut = true;
    this.#cut.resolve();
    await this.#pause();
  }

  /** Without power nothing ever returns. */
  async #pause(): Promise<void> {
    await Promise.resolve();
    if (this.#isCut) await new Promise(() => {});
  }

  async #find(
    path: string,
    doing: string,
  ): Promise<{ folder: Inode; name: string; inode: Inode | undefined }> {
    await this.#pause();
    const at = path.lastIndexOf("/");
    const folder = this.#walk(path.slice(0, at));
    if (folder === undefined) throw diskFailure(doing, path, "ENOENT");
    const name = path.slice(at + 1);
    return { folder, name, inode: folder.names.get(name) };
  }

  #walk(path: string): Inode | undefined {
    let inode: Inode | undefined = this.#root;
    for (const name of path.split("/").filter(Boolean)) inode = inode?.names.get(name);
    return inode;
  }
}

function newInode(kind: Inode["kind"]): Inode {
  return {
    id: crypto.randomUUID(),
    kind,
    bytes: new Uint8Array(0),
    syncedBytes: new Uint8Array(0),
    names: new Map(),
    syncedNames: new Map(),
    links: 1,
    isSealed: false,
    locks: new Map(),
  };
}

function entryOf({ kind, bytes, id, links }: Inode): DiskEntry {
  return { kind, size: bytes.byteLength, id, links };
}

function put(inode: Inode, bytes: Uint8Array, offset: number): void {
  const grown = new Uint8Array(Math.max(inode.bytes.byteLength, offset + bytes.byteLength));
  grown.set(inode.bytes);
  grown.set(bytes, offset);
  inode.bytes = grown;
}

function survive(inode: Inode, chance: () => number, seen: Map<Inode, Inode>): Inode {
  const known = seen.get(inode);
  if (known !== undefined) {
    known.links += 1;
    return known;
  }
  const after = newInode(inode.kind);
  seen.set(inode, after);
  after.isSealed = inode.isSealed;
  after.bytes = tear(inode.syncedBytes, inode.bytes, chance);
  after.syncedBytes = after.bytes.slice();
  for (const name of new Set([...inode.syncedNames.keys(), ...inode.names.keys()])) {
    const found = chance() < 0.5 ? inode.syncedNames.get(name) : inode.names.get(name);
    if (found !== undefined) after.names.set(name, survive(found, chance, seen));
  }
  after.syncedNames = new Map(after.names);
  return after;
}

const blockBytes = 512;

/** The length is the old one or the new one, and so is each block; a new block may also be zeros. */
function tear(old: Uint8Array, now: Uint8Array, chance: () => number): Uint8Array {
  if (Buffer.compare(old, now) === 0) return old.slice();
  const after = new Uint8Array(chance() < 0.5 ? old.byteLength : now.byteLength);
  for (let start = 0; start < after.byteLength; start += blockBytes) {
    const draw = chance();
    const source = draw < 0.4 ? now : draw < 0.8 ? old : new Uint8Array(0);
    after.set(source.subarray(start, Math.min(start + blockBytes, after.byteLength)), start);
  }
  return after;
}
