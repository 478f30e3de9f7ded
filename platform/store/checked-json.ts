// Small files that say whether they are whole: JSON after a line with its SHA-256.

/** Longer ones aren't read. 1024 layers of a package take 0.3 MB. */
export const maxCheckedBytes = 16 * 1024 * 1024;
const headBytes = 64 + 1;

export function encodeCheckedJson(value: unknown): Uint8Array {
  const json = JSON.stringify(value);
  return new TextEncoder().encode(`${Bun.CryptoHasher.hash("sha256", json, "hex")}\n${json}`);
}

/** @returns undefined where it isn't as it was written: torn by a power cut, or changed by hand */
export function decodeCheckedJson(bytes: Uint8Array): unknown {
  const json = bytes.subarray(headBytes);
  const head = new TextDecoder().decode(bytes.subarray(0, headBytes));
  if (head !== `${Bun.CryptoHasher.hash("sha256", json, "hex")}\n`) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
}
