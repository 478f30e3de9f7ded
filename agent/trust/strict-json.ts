// JSON of unknown hands: bounded in size and depth, no key twice, no `__proto__`; and the checks that its readers share.
import type { Refuse } from "./refuse.ts";

export interface JsonLimits {
  readonly maxBytes: number;
  /** Objects and arrays within each other; default 32. */
  readonly maxDepth?: number;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses UTF-8 bytes as strict JSON. Two parsers never read the same bytes differently: duplicate keys, a byte order mark
 * and broken UTF-8 are refused. */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits, refuse: Refuse): unknown {
  if (bytes.length > limits.maxBytes) throw refuse(`is larger than ${limits.maxBytes} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refuse("isn't UTF-8");
  }
  checkKeys(text, limits.maxDepth ?? 32, refuse);
  try {
    return JSON.parse(text);
  } catch {
    throw refuse("isn't JSON");
  }
}

/** Walks over the text before it is parsed: `JSON.parse` keeps the last of two equal keys without a word, and recurses.
 * What isn't JSON may pass here, it doesn't pass the parser. */
function checkKeys(text: string, maxDepth: number, refuse: Refuse): void {
  const open: (Set<string> | undefined)[] = [];
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;
  for (const [word, colon] of text.matchAll(token)) {
    if (word === "{" || word === "[") {
      open.push(word === "{" ? new Set() : undefined);
      if (open.length > maxDepth) throw refuse(`nests deeper than ${maxDepth}`);
    } else if (word === "}" || word === "]") open.pop();
    else if (colon !== undefined) {
      const key = readKey(word.slice(0, -colon.length), refuse);
      const keys = open.at(-1);
      if (key === "__proto__" || keys?.has(key))
        throw refuse(
          `has the key ${JSON.stringify(key.slice(0, 64))} ${key === "__proto__" ? "" : "twice"}`.trim(),
        );
      keys?.add(key);
    }
  }
}

function readKey(quoted: string, refuse: Refuse): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw refuse("isn't JSON");
  }
}

/** Whether a value is an object, not a list and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object that has no other than these fields. `what` names it, such as `the envelope`. */
export function readObject(
  value: unknown,
  what: string,
  fields: readonly string[],
  refuse: Refuse,
): JsonObject {
  if (!isObject(value)) throw refuse(`has no object as ${what}`);
  const unknown = Object.keys(value).find((key) => !fields.includes(key));
  if (unknown !== undefined)
    throw refuse(`has an unknown field ${JSON.stringify(unknown.slice(0, 64))} in ${what}`);
  return value;
}
