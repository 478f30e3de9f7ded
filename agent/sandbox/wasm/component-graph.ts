// Reads a flat component into its index spaces: which core instance is made of what, and which function is lifted.
import {
  type ComponentExport,
  componentSectionId,
  coreSort,
  nextSection,
  readComponentExport,
  readExternDescription,
  readExternName,
  readList,
  readPreamble,
  sort,
} from "./component-section.ts";
import { ShapeTable } from "./component-type.ts";
import { ByteReader } from "./reader.ts";

/** An item that a core instance exports: by the instance's index and the name. */
export interface CoreAlias {
  readonly instance: number;
  readonly name: string;
}

export interface CanonOptions {
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
}

export type CoreFunction =
  | ({ readonly kind: "alias" } & CoreAlias)
  | { readonly kind: "lower"; readonly func: number; readonly options: CanonOptions };

export type CoreInstance =
  | { readonly kind: "instantiate"; readonly module: number; readonly with: ReadonlyMap<string, number> }
  | {
      readonly kind: "exports";
      readonly items: ReadonlyMap<string, { readonly sort: number; readonly index: number }>;
    };

export type ComponentFunction =
  /** Of the imported instance of that index. */
  | ({ readonly kind: "imported"; readonly type: number } & CoreAlias)
  | {
      readonly kind: "lifted";
      readonly coreFunction: number;
      readonly options: CanonOptions;
      readonly type: number;
    };

/** The index spaces of a component. Types are numbers of `shapes`. */
export interface ComponentGraph {
  readonly shapes: ShapeTable;
  readonly coreModules: { readonly start: number; readonly end: number }[];
  readonly coreInstances: CoreInstance[];
  readonly coreFunctions: CoreFunction[];
  readonly coreMemories: CoreAlias[];
  readonly coreTables: CoreAlias[];
  readonly types: number[];
  readonly functions: ComponentFunction[];
  /** Imported instances: the only kind that is recognised. */
  readonly instances: { readonly name: string; readonly type: number }[];
  readonly imports: { readonly name: string; readonly sort: number; readonly type: number }[];
  readonly exports: ComponentExport[];
}

/** Reads a component that holds no other component, start function or made-up instance. Throws `module-invalid` on
 * anything else that it does not recognise; that is no verdict on the component. */
export function readComponentGraph(bytes: Uint8Array): ComponentGraph {
  const graph: ComponentGraph = {
    shapes: new ShapeTable(),
    coreModules: [],
    coreInstances: [],
    coreFunctions: [],
    coreMemories: [],
    coreTables: [],
    types: [],
    functions: [],
    instances: [],
    imports: [],
    exports: [],
  };
  const reader = new ByteReader(bytes);
  readPreamble(reader);
  for (let section = nextSection(reader); section !== undefined; section = nextSection(reader)) {
    if (section.id === componentSectionId.coreModule) {
      graph.coreModules.push({ start: section.start, end: section.end });
      continue;
    }
    const read =
      sectionReaders[section.id] ?? reader.fail("a component section that is not recognised", section.start);
    const payload = new ByteReader(bytes, section.start, section.end);
    readList(payload, (from) => read(from, graph));
    if (!payload.done) payload.fail("bytes after the end of a section");
  }
  return graph;
}

const sectionReaders: Partial<Record<number, (reader: ByteReader, graph: ComponentGraph) => void>> = {
  [componentSectionId.coreInstance]: readCoreInstance,
  [componentSectionId.alias]: readAlias,
  [componentSectionId.type]: (reader, graph) => {
    graph.types.push(graph.shapes.readDefinition(reader, graph.types));
  },
  [componentSectionId.canon]: readCanon,
  [componentSectionId.import]: readImport,
  [componentSectionId.export]: readExport,
};

function readCoreInstance(reader: ByteReader, graph: ComponentGraph): void {
  const at = reader.offset;
  const kind = reader.u8();
  if (kind === 0x00) {
    const module = within(reader, reader.u32(), graph.coreModules);
    const args = readList(reader, (from) => {
      const name = from.name();
      if (from.u8() !== coreSort.instance) from.fail("malformed instantiation");
      return [name, within(from, from.u32(), graph.coreInstances)] as const;
    });
    graph.coreInstances.push({ kind: "instantiate", module, with: unique(reader, args) });
  } else if (kind === 0x01) {
    const items = readList(reader, (from) => [from.name(), { sort: from.u8(), index: from.u32() }] as const);
    graph.coreInstances.push({ kind: "exports", items: unique(reader, items) });
  } else {
    reader.fail("malformed core instance", at);
  }
}

function readAlias(reader: ByteReader, graph: ComponentGraph): void {
  const at = reader.offset;
  const kind = reader.u8();
  const core = kind === sort.core ? reader.u8() : undefined;
  const target = reader.u8();
  if (core !== undefined && target === 0x01) {
    const alias = { instance: within(reader, reader.u32(), graph.coreInstances), name: reader.name() };
    if (core === coreSort.func) graph.coreFunctions.push({ kind: "alias", ...alias });
    else if (core === coreSort.memory) graph.coreMemories.push(alias);
    else if (core === coreSort.table) graph.coreTables.push(alias);
    else reader.fail("an alias that is not recognised", at);
    return;
  }
  if (core !== undefined || target !== 0x00) reader.fail("an alias that is not recognised", at);
  const instance = within(reader, reader.u32(), graph.instances);
  const name = reader.name();
  const item = graph.shapes.instanceOf(graph.instances[instance]!.type)?.get(name);
  if (item === undefined || item.sort !== kind) reader.fail("an alias of what is not there", at);
  if (kind === sort.type) graph.types.push(item.type);
  else graph.functions.push({ kind: "imported", instance, name, type: item.type });
}

function readCanon(reader: ByteReader, graph: ComponentGraph): void {
  const at = reader.offset;
  const kind = reader.u8();
  if (kind > 1 || reader.u8() !== 0) reader.fail("a canonical function that is not recognised", at);
  if (kind === 0) {
    const coreFunction = within(reader, reader.u32(), graph.coreFunctions);
    const options = readCanonOptions(reader);
    const type = graph.types[reader.u32()] ?? reader.fail("an unknown type index", at);
    graph.functions.push({ kind: "lifted", coreFunction, options, type });
  } else {
    const func = within(reader, reader.u32(), graph.functions);
    graph.coreFunctions.push({ kind: "lower", func, options: readCanonOptions(reader) });
  }
}

/** Memory, realloc and post-return, each once; UTF-8, which is also the default; nothing else. */
function readCanonOptions(reader: ByteReader): CanonOptions {
  const found: (number | undefined)[] = [];
  readList(reader, (from) => {
    const at = from.offset;
    const kind = from.u8();
    if (kind === 0x00) return;
    if (kind < 0x03 || kind > 0x05 || found[kind] !== undefined)
      from.fail("an option that is not recognised", at);
    found[kind] = from.u32();
  });
  return { memory: found[3], realloc: found[4], postReturn: found[5] };
}

function readImport(reader: ByteReader, graph: ComponentGraph): void {
  const name = readExternName(reader);
  const description = readExternDescription(reader);
  const type = graph.types[description.index ?? -1] ?? reader.fail("an unknown type index");
  if (description.sort === sort.instance) graph.instances.push({ name, type });
  else if (description.sort === sort.type) graph.types.push(type);
  else reader.fail("an import that is not recognised");
  graph.imports.push({ name, sort: description.sort, type });
}

/** An export also is a new item of its sort. */
function readExport(reader: ByteReader, graph: ComponentGraph): void {
  const at = reader.offset;
  const exported = readComponentExport(reader);
  if (exported.sort !== sort.func) reader.fail("an export that is not recognised", at);
  graph.functions.push(graph.functions[within(reader, exported.index, graph.functions)]!);
  graph.exports.push(exported);
}

function within(reader: ByteReader, index: number, space: readonly unknown[]): number {
  if (index >= space.length) reader.fail("an unknown index");
  return index;
}

function unique<T>(reader: ByteReader, entries: readonly (readonly [string, T])[]): Map<string, T> {
  const map = new Map(entries);
  if (map.size !== entries.length) reader.fail("a name that is given twice");
  return map;
}
