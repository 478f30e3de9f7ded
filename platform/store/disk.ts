// What the store does with a disk, as one small interface: tests stand in for it and fail or stop any one operation.

/** Where an entry of a folder leads; symbolic links aren't followed. */
export interface DiskEntry {
  readonly kind: "file" | "folder" | "other";
  readonly size: number;
  /** Of the file itself, whatever names it has. */
  readonly id: string;
  /** How many names it has. */
  readonly links: number;
}

/** How a file is opened: `read` as it is; `keep` for writing, with the bytes that it has, made where it isn't there;
 * `new` for writing, made, and refused (`EEXIST`) where it is there. Files are made for their owner only. */
export type OpenMode = "read" | "keep" | "new";

/** Every method throws RemoteMediaError `store-failed`, whose `errnoOf` says why. */
export interface DiskFile {
  entry(): Promise<DiskEntry>;
  /** How many bytes it has read; 0 at the end. */
  read(into: Uint8Array, offset: number): Promise<number>;
  /** Writes all of them. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Returns when its bytes are on the disk. */
  sync(): Promise<void>;
  /** From now on nobody may write it. */
  seal(): Promise<void>;
  /** Locks it against other openings, in this process and in others, until it is closed or its process dies.
   * @returns whether that was possible now */
  tryLock(kind: "shared" | "exclusive"): boolean;
  close(): Promise<void>;
}

/** Every method throws RemoteMediaError `store-failed`, whose `errnoOf` says why. */
export interface Disk {
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** Undefined where there is nothing. */
  entry(path: string): Promise<DiskEntry | undefined>;
  /** Names; empty where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** For its owner only. @returns false where it was there */
  makeFolder(path: string): Promise<boolean>;
  /** Gives a file a second name. Refuses (`EEXIST`) where that is taken. */
  link(file: string, path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Where it isn't there, nothing happens. */
  removeFile(path: string): Promise<void>;
  /** It must be empty. Where it isn't there, nothing happens. */
  removeFolder(path: string): Promise<void>;
  /** Returns when the names in it are on the disk. */
  syncFolder(path: string): Promise<void>;
  /** How much may still be written there. */
  freeBytes(folder: string): Promise<number>;
}
