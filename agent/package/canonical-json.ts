// JSON that is the same bytes for the same value: keys in order, no spaces, numbers and texts as ECMAScript writes them.
import { RemoteMediaError } from "../../platform/base/error.ts";

/** Objects and lists within each other; more than any manifest's, and far from what a stack holds. */
const maxDepth = 256;

/** The value's canonical bytes. Takes what `JSON.parse` gives; a key whose value is undefined is left out. Signed documents that pass
 * through a text twice mustn't change, so what JSON can't hold is refused: NaN, infinities, halves of surrogate pairs, anything but data.
 * @throws RemoteMediaError `package-invalid` @see https://www.rfc-editor.org/rfc/rfc8785 */
export function canonicalJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(write(value));
}

function write(value: unknown, depth = 0): string {
  if (depth > maxDepth) throw refuse(`more than ${maxDepth} levels`);
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw refuse("a text with half a character");
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw refuse(`${value}`);
      return JSON.stringify(value);
    case "boolean":
      return String(value);
    case "object":
      if (value === null) return "null";
      return Array.isArray(value)
        ? `[${value.map((one) => write(one, depth + 1)).join(",")}]`
        : writeObject(value, depth + 1);
    default:
      throw refuse(typeof value);
  }
}

/** RFC 8785 sorts keys by UTF-16 units, as `sort` does. */
function writeObject(value: object, depth: number): string {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([key, member]) => `${write(key)}:${write(member, depth)}`).join(",")}}`;
}

function refuse(what: string): RemoteMediaError {
  return new RemoteMediaError("package-invalid", `canonical JSON can't hold ${what}`);
}
