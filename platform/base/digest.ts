// What bytes are known by: their SHA-256, written as OCI writes it.
import { RemoteMediaError } from "./error.ts";
import { printable } from "./printable.ts";

/** `sha256:` and 64 lower-case hexadecimal digits. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests */
export type Digest = `sha256:${string}`;

/** Whether something is a digest of the one kind that we take. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** @throws RemoteMediaError `package-invalid`, naming what it is of */
export function parseDigest(value: unknown, of: string): Digest {
  if (isDigest(value)) return value;
  throw new RemoteMediaError(
    "package-invalid",
    `the digest of ${of} is ${printable(JSON.stringify(value) ?? "missing")}; "sha256:" and 64 hexadecimal digits are taken`,
  );
}

/** The 64 digits, which are a file's name in a store and part of a tag in a registry. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}
