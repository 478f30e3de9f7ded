// Random damage to real binaries.
import fc from "fast-check";

interface Edit {
  readonly kind: "sibling" | "set" | "flip" | "insert" | "delete" | "repeat" | "cut";
  /** Where, modulo the length. */
  readonly at: number;
  readonly byte: number;
  readonly length: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  // Most damage makes a module invalid; that which may not is tried more often.
  kind: fc.constantFrom(
    "sibling",
    "sibling",
    "sibling",
    "sibling",
    "sibling",
    "set",
    "flip",
    "insert",
    "delete",
    "repeat",
    "cut",
  ),
  at: fc.nat(),
  byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0x00, 0x0b, 0x7f, 0x80, 0xff)),
  length: fc.integer({ min: 1, max: 40 }),
});

/** One edit of one of the binaries, or a few. */
export function mutated(binaries: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edits = fc.oneof(fc.tuple(edit), fc.tuple(edit), fc.array(edit, { minLength: 2, maxLength: 4 }));
  return fc
    .tuple(fc.constantFrom(...binaries), edits)
    .map(([binary, list]) => (list as Edit[]).reduce(apply, binary));
}

function apply(bytes: Uint8Array, { kind, at, byte, length }: Edit): Uint8Array {
  if (bytes.length === 0) return bytes;
  const offset = at % bytes.length;
  const part = bytes.subarray(offset, offset + length);
  switch (kind) {
    case "sibling":
      return bytes.with(offset, sibling(bytes[offset]!, byte)) as Uint8Array;
    case "set":
      return bytes.with(offset, byte) as Uint8Array;
    case "flip":
      return bytes.with(offset, bytes[offset]! ^ (1 << (byte & 7))) as Uint8Array;
    case "insert":
      return joined(bytes.subarray(0, offset), new Uint8Array([byte]), bytes.subarray(offset));
    case "delete":
      return joined(bytes.subarray(0, offset), bytes.subarray(offset + length));
    case "repeat":
      return joined(bytes.subarray(0, offset), part, part, bytes.subarray(offset + length));
    default:
      return bytes.slice(0, offset);
  }
}

/** Ranges of opcodes with the same operands and results: comparisons, arithmetic, loads, stores, i64 alike. */
const alike = [
  [0x46, 0x4f],
  [0x51, 0x5a],
  [0x6a, 0x78],
  [0x7c, 0x8a],
  [0x2c, 0x2f],
  [0x30, 0x35],
] as const;

/** Another byte of the same range, or one next to it. */
function sibling(byte: number, choice: number): number {
  const range = alike.find(([from, to]) => byte >= from && byte <= to);
  if (range === undefined) return byte ^ 1;
  return range[0] + (choice % (range[1] - range[0] + 1));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
