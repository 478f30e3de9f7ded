// The declaring sections of a core module: types, imports, functions, tables, memories, globals, exports.

import type { ComplexityLimits } from "./complexity.ts";
import type { ByteReader } from "./reader.ts";
import { skipConstantExpression } from "./segment.ts";
import { type Limits, readLimits, readReferenceType, readValueType, unsupported } from "./value-type.ts";

/** A function signature, as bytes of value types. */
export interface FunctionType {
  readonly parameters: Uint8Array;
  readonly results: Uint8Array;
}

export type ExternalKind = "function" | "table" | "memory" | "global";

export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
}

export interface CoreExport {
  readonly name: string;
  readonly kind: ExternalKind;
  /** In the index space of its kind, imports first. */
  readonly index: number;
}

/** A memory (in pages of 64 KiB) or a table (in elements). */
export interface Extent extends Limits {
  readonly imported: boolean;
}

const kinds: readonly ExternalKind[] = ["function", "table", "memory", "global"];

export function readTypes(reader: ByteReader, limits: ComplexityLimits): FunctionType[] {
  const types: FunctionType[] = [];
  for (let count = reader.count(limits.types, "types"); count > 0; count--) {
    const at = reader.offset;
    const form = reader.u8();
    if (form !== 0x60) {
      if (form >= 0x4e && form <= 0x5f) unsupported(reader, "garbage collection", at);
      reader.fail("malformed type", at);
    }
    const parameters = reader.take(typeVector(reader, limits.parameters, "parameters"));
    types.push({ parameters, results: reader.take(typeVector(reader, limits.results, "results")) });
  }
  return types;
}

/** Checks a vector of value types, one byte each, and gives its length; the reader then stands on its first. */
function typeVector(reader: ByteReader, most: number, things: string): number {
  const count = reader.count(most, things);
  const first = reader.offset;
  for (let left = count; left > 0; left--) readValueType(reader);
  reader.offset = first;
  return count;
}

/** Told of each import, and of what it brings: a function's type index, or a table's or memory's limits with the
 * offset at which the type starts. */
export interface ImportSink {
  onImport(declared: CoreImport): void;
  onFunction(type: number): void;
  onTable(limits: Limits, start: number): void;
  onMemory(limits: Limits, start: number): void;
}

export function readImports(reader: ByteReader, limits: ComplexityLimits, sink: ImportSink): void {
  for (let count = reader.count(limits.imports, "imports"); count > 0; count--) {
    const module = reader.name();
    const name = reader.name();
    const kind = readKind(reader);
    sink.onImport({ module, name, kind });
    const start = reader.offset;
    if (kind === "function") sink.onFunction(reader.u32());
    else if (kind === "table") sink.onTable(readTableType(reader), start);
    else if (kind === "memory") sink.onMemory(readLimits(reader, "memory"), start);
    else readGlobalType(reader);
  }
}

function readKind(reader: ByteReader): ExternalKind {
  const at = reader.offset;
  const byte = reader.u8();
  if (byte === 4) unsupported(reader, "exception handling", at);
  return kinds[byte] ?? reader.fail("unknown kind of import or export", at);
}

/** The type index of each defined function. */
export function readFunctions(reader: ByteReader, limits: ComplexityLimits): Uint32Array {
  const types = new Uint32Array(reader.count(limits.functions, "functions"));
  for (let at = 0; at < types.length; at++) types[at] = reader.u32();
  return types;
}

/** Reads an element type, one byte, and the table's limits. */
export function readTableType(reader: ByteReader): Limits {
  if (!reader.done && reader.bytes[reader.offset] === 0x40) unsupported(reader, "typed function references");
  readReferenceType(reader);
  return readLimits(reader, "table");
}

export function readTables(reader: ByteReader, limits: ComplexityLimits): Limits[] {
  const tables: Limits[] = [];
  for (let count = reader.count(limits.tables, "tables"); count > 0; count--)
    tables.push(readTableType(reader));
  return tables;
}

export function readMemories(reader: ByteReader): Limits[] {
  const at = reader.offset;
  const count = reader.u32();
  if (count > 1) unsupported(reader, "more than one memory", at);
  return count === 0 ? [] : [readLimits(reader, "memory")];
}

function readGlobalType(reader: ByteReader): void {
  readValueType(reader);
  const at = reader.offset;
  const mutability = reader.u8();
  if (mutability & 0x02) unsupported(reader, "a shared global (threads)", at);
  if (mutability > 1) reader.fail("malformed global", at);
}

/** Skips the globals and gives their number. */
export function readGlobals(reader: ByteReader, limits: ComplexityLimits): number {
  const count = reader.count(limits.globals, "globals");
  for (let left = count; left > 0; left--) {
    readGlobalType(reader);
    skipConstantExpression(reader);
  }
  return count;
}

export function readExports(reader: ByteReader, limits: ComplexityLimits): CoreExport[] {
  const declared: CoreExport[] = [];
  for (let count = reader.count(limits.exports, "exports"); count > 0; count--) {
    const name = reader.name();
    const kind = readKind(reader);
    declared.push({ name, kind, index: reader.u32() });
  }
  return declared;
}
