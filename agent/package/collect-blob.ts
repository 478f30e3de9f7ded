// A small blob as a whole, held to its size and digest.
import { createHash } from "node:crypto";
import type { Digest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Descriptor } from "../../platform/contract/oci.ts";

/** What bytes are known by. */
export function digestBytes(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Collects a blob of which nothing is believed: it must have its size and its digest, and at most `maxBytes`. `part` says in errors
 * what it is. @throws RemoteMediaError `package-invalid` (too large), `digest-mismatch`, and what the source throws */
export async function collectBlob(
  blob: Pick<Descriptor, "digest" | "size">,
  chunks: AsyncIterable<Uint8Array>,
  part: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const where = { digest: blob.digest };
  if (blob.size > maxBytes) {
    const message = `the ${part} has ${blob.size} bytes; at most ${maxBytes} are taken`;
    throw new RemoteMediaError("package-invalid", message, { where });
  }
  const bytes = new Uint8Array(blob.size);
  let filled = 0;
  for await (const chunk of chunks) {
    if (filled + chunk.length > blob.size) throw mismatch(blob.digest, part, `more than ${blob.size} bytes`);
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < blob.size) throw mismatch(blob.digest, part, `${filled} bytes instead of ${blob.size}`);
  if (digestBytes(bytes) !== blob.digest) throw mismatch(blob.digest, part, "other bytes");
  return bytes;
}

/** Bytes in memory as a blob is read. */
export async function* readBytes(bytes: Uint8Array, offset = 0): AsyncIterable<Uint8Array> {
  if (offset < bytes.length) yield bytes.subarray(offset);
}

/** @throws RemoteMediaError `digest-mismatch`, naming the part */
export function holdToDigest(bytes: Uint8Array, digest: Digest, part: string): void {
  if (digestBytes(bytes) !== digest) throw mismatch(digest, part, "other bytes");
}

function mismatch(digest: Digest, part: string, what: string): RemoteMediaError {
  return new RemoteMediaError("digest-mismatch", `the ${part} should be ${digest}; it has ${what}`, {
    where: { digest },
    hint: "where it came from holds a broken or changed copy: fetch or push it again",
  });
}
