// Base64 of the standard alphabet, in its one canonical spelling: two texts never mean the same bytes.

const alphabet = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes of a text; undefined where it isn't base64 as an encoder writes it (padding, no spaces, no stray bits).
 * @see https://www.rfc-editor.org/rfc/rfc4648#section-4 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !alphabet.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
