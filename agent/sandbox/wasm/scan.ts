// Reads a core module once, before an engine sees it: what it declares, and whether it is simple enough to compile.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { type CodeFacts, scanBodies } from "./body.ts";
import { type ComplexityLimits, complexityLimits } from "./complexity.ts";
import {
  type CoreExport,
  type CoreImport,
  type Extent,
  type FunctionType,
  readExports,
  readFunctions,
  readGlobals,
  readImports,
  readMemories,
  readTables,
  readTypes,
} from "./declaration.ts";
import { ByteReader } from "./reader.ts";
import { coreSections, type Section, sectionId } from "./section.ts";
import { readData, readElements } from "./segment.ts";
import type { Limits } from "./value-type.ts";

/** What a core module declares. */
export interface CoreFacts {
  readonly bytes: number;
  readonly imports: readonly CoreImport[];
  readonly exports: readonly CoreExport[];
  /** Imported ones first; at most one memory. */
  readonly memories: readonly Extent[];
  readonly tables: readonly Extent[];
  readonly types: readonly FunctionType[];
  /** Type index of every function, imported ones first. */
  readonly functionTypes: Uint32Array;
  readonly importedFunctions: number;
  /** Imported ones included. */
  readonly globals: number;
  readonly start: boolean;
  readonly elementSegments: number;
  readonly elementEntries: number;
  readonly dataSegments: number;
  /** Undefined when the module has no code. */
  readonly code: CodeFacts | undefined;
  readonly sections: readonly Section[];
}

/** Walks a core module, without recursion and in time linear to its size. Does not check types: that is the
 * engine's validation. Throws `module-invalid` (malformed, or a feature outside of the accepted set, by name) or
 * `module-too-complex` (the bound and the number).
 * @see https://webassembly.github.io/spec/core/binary/modules.html */
export function scanCore(bytes: Uint8Array, limits: ComplexityLimits = complexityLimits): CoreFacts {
  if (bytes.length > limits.moduleBytes) {
    throw new RemoteMediaError(
      "module-too-complex",
      `a module of ${bytes.length} bytes; at most ${limits.moduleBytes} are taken`,
    );
  }
  const sections = coreSections(bytes);
  const section = <T>(id: number, read: (reader: ByteReader) => T, absent: T): T => {
    const found = sections.find((candidate) => candidate.id === id);
    if (found === undefined) return absent;
    const reader = new ByteReader(bytes, found.start, found.end);
    const result = read(reader);
    if (!reader.done) reader.fail(`bytes after the end of section ${id}`);
    return result;
  };
  const types = section(sectionId.type, (reader) => readTypes(reader, limits), []);
  const imported = section(sectionId.import, (reader) => importsOf(reader, limits), noImports());
  const functions = section(sectionId.function, (reader) => readFunctions(reader, limits), new Uint32Array());
  const functionTypes = new Uint32Array(imported.functions.length + functions.length);
  functionTypes.set(imported.functions);
  functionTypes.set(functions, imported.functions.length);
  const unknown = functionTypes.find((type) => type >= types.length);
  if (unknown !== undefined)
    throw new RemoteMediaError("module-invalid", `a function of unknown type ${unknown}`);
  const tables = section(sectionId.table, (reader) => readTables(reader, limits), []);
  const memories = extents(imported.memories, section(sectionId.memory, readMemories, []));
  if (memories.length > 1)
    throw new RemoteMediaError("module-invalid", "more than one memory is not supported");
  const globals = section(sectionId.global, (reader) => readGlobals(reader, limits), 0);
  const exports = section(sectionId.export, (reader) => readExports(reader, limits), []);
  const start = section(sectionId.start, (reader) => reader.u32() >= 0, false);
  const elements = section(sectionId.element, (reader) => readElements(reader, limits), {
    segments: 0,
    entries: 0,
  });
  section(sectionId.dataCount, (reader) => reader.u32(), 0);
  const code = section<CodeFacts | undefined>(
    sectionId.code,
    (reader) => scanBodies(reader, functions.length, limits),
    undefined,
  );
  if (code === undefined && functions.length > 0) {
    throw new RemoteMediaError("module-invalid", `${functions.length} functions have no bodies`);
  }
  return {
    bytes: bytes.length,
    imports: imported.declared,
    exports,
    memories,
    tables: extents(imported.tables, tables),
    types,
    functionTypes,
    importedFunctions: imported.functions.length,
    globals: imported.globals + globals,
    start,
    elementSegments: elements.segments,
    elementEntries: elements.entries,
    dataSegments: section(sectionId.data, (reader) => readData(reader, limits), 0),
    code,
    sections,
  };
}

interface Imported {
  readonly declared: CoreImport[];
  readonly functions: number[];
  readonly tables: Limits[];
  readonly memories: Limits[];
  readonly globals: number;
}

function noImports(): Imported {
  return { declared: [], functions: [], tables: [], memories: [], globals: 0 };
}

function importsOf(reader: ByteReader, limits: ComplexityLimits): Imported {
  const { declared, functions, tables, memories } = noImports();
  readImports(reader, limits, {
    onImport: (one) => declared.push(one),
    onFunction: (type) => functions.push(type),
    onTable: (one) => tables.push(one),
    onMemory: (one) => memories.push(one),
  });
  const globals = declared.filter((one) => one.kind === "global").length;
  return { declared, functions, tables, memories, globals };
}

function extents(imported: readonly Limits[], declared: readonly Limits[]): Extent[] {
  return [
    ...imported.map((limits) => ({ ...limits, imported: true })),
    ...declared.map((limits) => ({ ...limits, imported: false })),
  ];
}
