// Value types and limits of the core format, and the refusal of features that are not taken.
import type { ByteReader } from "./reader.ts";

/** Refuses a module that uses a proposal which the sandbox does not take. */
export function unsupported(reader: ByteReader, feature: string, offset = reader.offset): never {
  return reader.fail(`${feature} is not supported`, offset);
}

/** Bytes of the types that a value may have. */
export const valueType = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
} as const;

/** Reads one value type and gives its byte. */
export function readValueType(reader: ByteReader): number {
  const at = reader.offset;
  const byte = reader.u8();
  if ((byte >= 0x7b && byte <= 0x7f) || byte === 0x70 || byte === 0x6f) return byte;
  if (byte >= 0x60 && byte < 0x80) return unsupported(reader, "garbage collection or typed references", at);
  return reader.fail("unknown value type", at);
}

/** Reads a reference type: `funcref` or `externref`. */
export function readReferenceType(reader: ByteReader): number {
  const at = reader.offset;
  const byte = readValueType(reader);
  if (byte !== valueType.funcref && byte !== valueType.externref) reader.fail("not a reference type", at);
  return byte;
}

/** A declared range of sizes: pages of 64 KiB for memories, elements for tables. */
export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
}

/** Reads the limits of a memory or table; refuses shared, 64-bit and custom-page ones by name. */
export function readLimits(reader: ByteReader, of: "memory" | "table"): Limits {
  const at = reader.offset;
  const flags = reader.u8();
  if (flags > 1) {
    if (flags & 0x08) unsupported(reader, "a custom page size", at);
    if (flags & 0x04) unsupported(reader, of === "memory" ? "memory64" : "table64", at);
    if (flags & 0x02) unsupported(reader, "shared memory (threads)", at);
    reader.fail("malformed limits", at);
  }
  const min = reader.u32();
  return { min, max: flags === 1 ? reader.u32() : undefined };
}
