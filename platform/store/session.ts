// A store that is open: which blobs and views it has taken in that no record names yet, so that nobody's sweep takes them away.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Digest, digestHex } from "../base/digest.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { digestOfName, ensureFolder, type StoreFolders } from "./store-folders.ts";
import { withLock } from "./store-lock.ts";

/** One line a digest: 64 digits, a space, the monotonic seconds since the machine's start when it was taken in, padded. */
const lineBytes = 64 + 1 + 11 + 1;
/** What was taken in so long ago and is in no record was given up; a download may take days. */
const forgottenAfterSeconds = 7 * 24 * 3600;
const maxLines = 100_000;
const idPattern = /^[0-9a-f]{16}$/;

/** Opened by the first thing that is taken in: a process that only reads has none. */
export class Session implements AsyncDisposable {
  /** Names what is under way in this store, such as temporary files; 16 hexadecimal digits. */
  readonly id = randomBytes(8).toString("hex");
  readonly #disk: Disk;
  readonly #folders: StoreFolders;
  readonly #leased = new Map<Digest, number>();
  #file: Promise<DiskFile> | undefined;
  #lastNumber = 0;

  constructor(disk: Disk, folders: StoreFolders) {
    this.#disk = disk;
    this.#folders = folders;
  }

  /** A name that nobody else gives: its owner can be told, also when that one is dead. */
  temporaryName(of: string): string {
    this.#lastNumber += 1;
    return `.${of}.${this.id}.${this.#lastNumber}`;
  }

  /** Keeps blobs and views of these digests from every sweep until a record has them, whether they are there yet or not. */
  async lease(digests: readonly Digest[]): Promise<void> {
    const nowSeconds = monotonicSeconds();
    // A lease is written anew before it is forgotten, as long as somebody asks for it.
    const fresh = digests.filter((digest) => {
      const since = this.#leased.get(digest);
      return since === undefined || nowSeconds - since > forgottenAfterSeconds / 7;
    });
    if (fresh.length === 0 && this.#file !== undefined) return void (await this.#file);
    await withLock(this.#disk, this.#folders, "lock", "shared", async () => {
      await this.#open();
      for (const digest of fresh) this.#leased.set(digest, nowSeconds);
      await this.#write();
    });
  }

  /** A record has them now. */
  async release(digests: Iterable<Digest>): Promise<void> {
    let isChanged = false;
    for (const digest of digests) isChanged = this.#leased.delete(digest) || isChanged;
    if (!isChanged || this.#file === undefined) return;
    await withLock(this.#disk, this.#folders, "lock", "shared", () => this.#write());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = await this.#file?.catch(() => undefined);
    this.#file = undefined;
    this.#leased.clear();
    if (file === undefined) return;
    await this.#disk.removeFile(join(this.#folders.sessions, this.id));
    await file.close();
  }

  /** Under the store's lock, so that no sweep finds it made but not locked. */
  #open(): Promise<DiskFile> {
    this.#file ??= (async () => {
      await ensureFolder(this.#disk, this.#folders.sessions);
      const file = await this.#disk.open(join(this.#folders.sessions, this.id), "keep");
      file.tryLock("exclusive");
      return file;
    })();
    this.#file.catch(() => {
      this.#file = undefined;
    });
    return this.#file;
  }

  /** Whole each time; a sweep reads it only while nobody writes. It needn't outlive the machine's power: no process does. */
  async #write(): Promise<void> {
    const file = await this.#open();
    const lines = [...this.#leased].map(
      ([digest, since]) => `${digestHex(digest)} ${String(since).padStart(11)}\n`,
    );
    const bytes = new TextEncoder().encode(lines.join(""));
    if (bytes.byteLength > 0) await file.write(bytes, 0);
    await file.truncate(bytes.byteLength);
  }
}

export interface LiveSessions {
  readonly ids: ReadonlySet<string>;
  readonly leased: ReadonlySet<Digest>;
}

/** Whose processes live, and what they have taken in; removes what the dead have left. Call it with the store's lock alone. */
export async function readSessions(disk: Disk, folders: StoreFolders): Promise<LiveSessions> {
  const ids = new Set<string>();
  const leased = new Set<Digest>();
  for (const name of await disk.list(folders.sessions)) {
    const path = join(folders.sessions, name);
    const entry = await disk.entry(path);
    if (entry?.kind !== "file") continue;
    const file = await disk.open(path, "read");
    try {
      if (!idPattern.test(name) || file.tryLock("exclusive")) await disk.removeFile(path);
      else {
        ids.add(name);
        for (const digest of await readLeases(file)) leased.add(digest);
      }
    } finally {
      await file.close();
    }
  }
  return { ids, leased };
}

async function readLeases(file: DiskFile): Promise<readonly Digest[]> {
  const { size } = await file.entry();
  const bytes = new Uint8Array(Math.min(size, maxLines * lineBytes));
  const length = await file.read(bytes, 0);
  const nowSeconds = monotonicSeconds();
  return new TextDecoder()
    .decode(bytes.subarray(0, length))
    .split("\n")
    .filter((line) => nowSeconds - Number(line.slice(65)) <= forgottenAfterSeconds)
    .flatMap((line) => digestOfName(line.slice(0, 64)) ?? []);
}

/** The same for all processes of a machine, whatever its calendar does. */
function monotonicSeconds(): number {
  return Math.floor(process.hrtime()[0]);
}
