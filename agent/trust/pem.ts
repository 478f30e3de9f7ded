// PEM text → its blocks. Strict: what isn't a block, or isn't base64 as an encoder writes it, is refused.
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { Refuse } from "./refuse.ts";

export interface PemBlock {
  /** Such as `PUBLIC KEY`. */
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** No key file that we know is larger, in UTF-16 units. */
const maxPemLength = 64 * 1024;
const maxBlocks = 4;
const block =
  /^-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,62})-----\r?\n([A-Za-z0-9+/=\r\n]*?)\r?\n?-----END \1-----[ \t]*$/;

/** Parses the blocks of a PEM text; white space may stand around them, nothing else. At least one.
 * @see https://www.rfc-editor.org/rfc/rfc7468#section-3 */
export function parsePem(text: string, refuse: Refuse): readonly PemBlock[] {
  if (text.length > maxPemLength) throw refuse(`is longer than ${maxPemLength} characters`);
  const parts = text.split(/(?<=-----END [A-Z0-9 ]{1,63}-----)[ \t]*\r?\n/).map((part) => trimEnds(part));
  const filled = parts.filter((part) => part !== "");
  if (filled.length === 0) throw refuse("is empty");
  if (filled.length > maxBlocks) throw refuse(`has more than ${maxBlocks} PEM blocks`);
  return filled.map((part) => parseBlock(part, refuse));
}

/** `trim` would take more for white space than a PEM text has. A walk instead of a pattern, whose cost grew with the square. */
function trimEnds(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && " \t\r\n".includes(text[start]!)) start++;
  while (end > start && " \t\r\n".includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function parseBlock(text: string, refuse: Refuse): PemBlock {
  if (/^Proc-Type: *4,ENCRYPTED/m.test(text))
    throw refuse("is encrypted in OpenSSL's old way (Proc-Type: 4,ENCRYPTED)");
  const [, label, body] = block.exec(text) ?? [];
  if (label === undefined || body === undefined) throw refuse("is no PEM text");
  const bytes = decodeBase64(body.replace(/\r?\n/g, ""));
  if (bytes === undefined) throw refuse(`has a block "${label}" that isn't base64`);
  return { label, bytes };
}

/** The text of one block, lines of 64, as OpenSSL writes it. */
export function formatPem(label: string, bytes: Uint8Array): string {
  const lines = encodeBase64(bytes).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
