// What the test's own registry keeps: blobs and manifests as files in one folder, and which repository has what.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Of a manifest: what a listing of referrers says about it. */
export interface KeptManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly subject: string | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

export class KeptRepository {
  readonly blobs = new Set<string>();
  readonly manifests = new Map<string, KeptManifest>();
  /** Digests by tag. */
  readonly tags = new Map<string, string>();
}

/** An upload under way: its file, and how many bytes it has. */
export interface KeptUpload {
  readonly id: string;
  readonly repository: string;
  readonly file: string;
  sizeBytes: number;
}

/** Whether it is a digest of an algorithm that the image spec registers. */
export function isRegisteredDigest(text: string): boolean {
  return /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

export function digestLike(digest: string, bytes: Uint8Array): string {
  const algorithm = digest.startsWith("sha512:") ? "sha512" : "sha256";
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

export class RegistryStorage {
  readonly repositories = new Map<string, KeptRepository>();
  readonly uploads = new Map<string, KeptUpload>();

  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    for (const part of ["blobs/sha256", "blobs/sha512", "uploads"])
      mkdirSync(join(folder, part), { recursive: true });
  }

  /** Makes it where it isn't there. */
  repository(name: string): KeptRepository {
    const known = this.repositories.get(name);
    if (known !== undefined) return known;
    const made = new KeptRepository();
    this.repositories.set(name, made);
    return made;
  }

  /** Where a blob's or manifest's bytes are, all repositories together. */
  fileOf(digest: string): string {
    return join(this.folder, "blobs", digest.replace(":", "/"));
  }

  keep(digest: string, bytes: Uint8Array): void {
    if (!existsSync(this.fileOf(digest))) writeFileSync(this.fileOf(digest), bytes);
  }

  beginUpload(repository: string): KeptUpload {
    const id = randomUUID();
    const upload = { id, repository, file: join(this.folder, "uploads", id), sizeBytes: 0 };
    writeFileSync(upload.file, "");
    this.uploads.set(id, upload);
    return upload;
  }

  /** Appends a body as it streams; what came before a broken connection stays. */
  async append(upload: KeptUpload, body: ReadableStream<Uint8Array> | null): Promise<void> {
    if (body === null) return;
    await using file = await open(upload.file, "a");
    for await (const chunk of body) {
      await file.write(chunk);
      upload.sizeBytes += chunk.byteLength;
    }
  }

  endUpload(upload: KeptUpload): void {
    this.uploads.delete(upload.id);
    rmSync(upload.file, { force: true });
  }

  /** Takes a finished upload in. Gives whether its bytes have that digest; where they don't, the upload is over. */
  async finishUpload(upload: KeptUpload, digest: string): Promise<boolean> {
    const hash = createHash(digest.startsWith("sha512:") ? "sha512" : "sha256");
    for await (const chunk of Bun.file(upload.file).stream()) hash.update(chunk);
    const isSame = hash.digest("hex") === digest.slice("sha256:".length);
    if (isSame) {
      renameSync(upload.file, this.fileOf(digest));
      this.repository(upload.repository).blobs.add(digest);
    }
    this.endUpload(upload);
    return isSame;
  }

  async readManifest(digest: string): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await readFile(this.fileOf(digest)));
  }
}
