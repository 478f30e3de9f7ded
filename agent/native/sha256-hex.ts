// The SHA-256 of bytes, by Bun's native hasher.

/** The digest in lower-case hexadecimal. */
export function sha256Hex(data: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(data).digest("hex");
}
