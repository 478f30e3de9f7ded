// JSON from outside: strict UTF-8, bounded nesting, one value. Web-standard.

/** How deep arrays and objects may nest: deeper than any data, shallower than any parser's stack. */
const maxJsonDepth = 512;

export type JsonText = { readonly text: string; readonly value: unknown } | { readonly problem: string };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Strict UTF-8, or undefined. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Reads one JSON value; never throws. */
export function readJson(bytes: Uint8Array): JsonText {
  const text = decodeUtf8(bytes);
  if (text === undefined) return { problem: "it is not UTF-8" };
  if (isTooDeep(bytes)) return { problem: `it nests deeper than ${maxJsonDepth}` };
  try {
    return { text, value: JSON.parse(text) as unknown };
  } catch {
    return { problem: "it is not one JSON value" };
  }
}

const quote = 0x22;
const backslash = 0x5c;

/** Follows JSON's strings and brackets over bytes, wherever they are cut. */
export class JsonNesting {
  /** Open arrays and objects; negative after a bracket that closes none. */
  depth = 0;
  inString = false;
  #escaped = false;

  /** Takes the next byte. Says whether it was structure, that is, in no string. */
  next(byte: number): boolean {
    if (this.inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === backslash) this.#escaped = true;
      else if (byte === quote) this.inString = false;
      return false;
    }
    if (byte === quote) {
      this.inString = true;
      return false;
    }
    // "[" and "{" differ in one bit, and so do "]" and "}".
    const bracket = byte & 0xdf;
    if (bracket === 0x5b) this.depth++;
    else if (bracket === 0x5d) this.depth--;
    return true;
  }
}

function isTooDeep(bytes: Uint8Array): boolean {
  // Each level needs its own opening bracket, so short texts can't be too deep.
  if (bytes.length <= maxJsonDepth) return false;
  const nesting = new JsonNesting();
  for (let index = 0; index < bytes.length; index++) {
    nesting.next(bytes[index]!);
    if (nesting.depth > maxJsonDepth) return true;
  }
  return false;
}

/** The bytes of the value that an object has under a key, as they were written; of a repeated key the last, as JSON.parse has it.
 * `bytes` must be one valid JSON object, and `key` plain ASCII. */
export function memberBytes(bytes: Uint8Array, key: string): Uint8Array | undefined {
  const nesting = new JsonNesting();
  let nameStart = -1;
  let name = "";
  let valueStart = -1;
  let found: Uint8Array | undefined;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    const wasInString = nesting.inString;
    const structure = nesting.next(byte);
    if (valueStart < 0) {
      if (!wasInString && nesting.inString) nameStart = index;
      else if (wasInString && !nesting.inString) name = memberName(bytes.subarray(nameStart, index + 1));
      else if (structure && byte === 0x3a) valueStart = index + 1;
    } else if (structure && ((byte === 0x2c && nesting.depth === 1) || nesting.depth === 0)) {
      if (name === key) found = trimJson(bytes.subarray(valueStart, index));
      valueStart = -1;
    }
  }
  return found;
}

function memberName(literal: Uint8Array): string {
  // Written with escapes, a name is still the same name.
  return JSON.parse(decoder.decode(literal)) as string;
}

/** Without the white space around it. */
export function trimJson(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && isJsonSpace(bytes[start]!)) start++;
  while (end > start && isJsonSpace(bytes[end - 1]!)) end--;
  return bytes.subarray(start, end);
}

export function isJsonSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
