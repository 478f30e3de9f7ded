// Reads each file of a build once, and remembers what it was.
import type { Digest } from "../../platform/base/digest.ts";
import { formatOciReference, type OciReference } from "../../platform/base/oci-reference.ts";
import type { BuildInput, BuiltBlob } from "./built-package.ts";
import { digestBytes } from "./collect-blob.ts";
import type { ReadFile, SourceFolder } from "./source-folder.ts";

/** Told while files are read: the file's path in the folder, its bytes so far, its size. */
export type BuildProgress = (path: string, readBytes: number, sizeBytes: number) => void;

type Known = Pick<ReadFile, "digest" | "size">;

export class SourceReader {
  readonly #folder: SourceFolder;
  readonly #onProgress: BuildProgress;
  readonly #files = new Map<string, Known>();
  readonly #inputs: BuildInput[] = [];
  readonly #blobs = new Map<Digest, BuiltBlob>();

  constructor(folder: SourceFolder, onProgress: BuildProgress) {
    this.#folder = folder;
    this.#onProgress = onProgress;
  }

  /** By path: what was read. */
  get files(): ReadonlyMap<string, Known> {
    return this.#files;
  }

  get inputs(): readonly BuildInput[] {
    return this.#inputs.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  }

  /** Where the bytes of what was read are. */
  get blobs(): ReadonlyMap<Digest, BuiltBlob> {
    return this.#blobs;
  }

  /** Undefined where there is no such file. @throws RemoteMediaError `package-invalid`, as `SourceFolder.read` does */
  async read(path: string, maxBytes?: number): Promise<Known | undefined> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    let readBytes = 0;
    const found = await this.#folder.read(path, maxBytes, (piece, sizeBytes) => {
      readBytes += piece.length;
      this.#onProgress(path, readBytes, sizeBytes);
    });
    return found && this.#remember(path, found, { file: found.file }, "folder");
  }

  /** A small file's own bytes. */
  async readWhole(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const pieces: Uint8Array[] = [];
    const found = await this.#folder.read(path, maxBytes, (piece) => pieces.push(piece.slice()));
    if (found === undefined) return undefined;
    this.#remember(path, found, { file: found.file }, "folder");
    return Buffer.concat(pieces);
  }

  /** Enters bytes that came from elsewhere in the place of a file. */
  take(path: string, bytes: Uint8Array, from: OciReference): Known {
    const known = { digest: digestBytes(bytes), size: bytes.length };
    return this.#remember(path, known, { bytes }, formatOciReference(from));
  }

  #remember(path: string, { digest, size }: Known, blob: BuiltBlob, from: string): Known {
    this.#files.set(path, { digest, size });
    this.#blobs.set(digest, blob);
    this.#inputs.push({ path, digest, size, from });
    return { digest, size };
  }
}
