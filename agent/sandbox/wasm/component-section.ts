// What kind of WASM binary some bytes are, and the sections of a component.
import { componentLimits } from "./complexity.ts";
import type { ByteReader } from "./reader.ts";
import type { Section } from "./section.ts";

/** Section ids of the component format.
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md */
export const componentSectionId = {
  custom: 0,
  coreModule: 1,
  coreInstance: 2,
  coreType: 3,
  component: 4,
  instance: 5,
  alias: 6,
  type: 7,
  canon: 8,
  start: 9,
  import: 10,
  export: 11,
} as const;

const preambleBytes = 8;

/** Tells a core module from a component by the preamble alone; neither is checked any further. */
export function binaryKind(bytes: Uint8Array): "core" | "component" | "neither" {
  if (bytes.length < preambleBytes) return "neither";
  const [a, b, c, d, version, , layer] = bytes;
  if (a !== 0x00 || b !== 0x61 || c !== 0x73 || d !== 0x6d) return "neither";
  if (layer === 1) return "component";
  return layer === 0 && version === 1 ? "core" : "neither";
}

/** Reads a component's preamble; layer 1, version 13 is what toolchains write. */
export function readPreamble(reader: ByteReader): void {
  const start = reader.offset;
  const preamble = reader.take(preambleBytes);
  if (binaryKind(preamble) !== "component") reader.fail("not a WASM component", start);
  if (preamble[4] !== 0x0d || preamble[5] !== 0 || preamble[7] !== 0) {
    reader.fail("a component of an unknown version", start + 4);
  }
}

/** Reads the next section that is not a custom one; undefined at the end. Components repeat sections in any order. */
export function nextSection(reader: ByteReader): Section | undefined {
  while (!reader.done) {
    const at = reader.offset;
    const id = reader.u8();
    const payload = reader.sub(reader.u32());
    if (id === componentSectionId.custom) continue;
    if (id > componentSectionId.export) reader.fail(`unknown component section ${id}`, at);
    return { id, start: payload.offset, end: payload.end };
  }
  return undefined;
}

/** Sorts of a component's imports and exports. */
export const sort = { core: 0, func: 1, value: 2, type: 3, component: 4, instance: 5 } as const;
/** Sorts of a core instance's exports. */
export const coreSort = {
  func: 0,
  table: 1,
  memory: 2,
  global: 3,
  type: 0x10,
  module: 0x11,
  instance: 0x12,
} as const;

/** The name of an import or export: a plain name or `namespace:package/interface@version`. */
export function readExternName(reader: ByteReader): string {
  const at = reader.offset;
  if (reader.u8() > 1) reader.fail("unknown kind of name", at);
  return reader.name();
}

/** What an import or export is declared to be. `index` is a type index, except for a fresh resource (undefined). */
export interface ExternDescription {
  readonly sort: number;
  readonly index: number | undefined;
}

export function readExternDescription(reader: ByteReader): ExternDescription {
  const at = reader.offset;
  const kind = reader.u8();
  switch (kind) {
    case sort.core:
      if (reader.u8() !== coreSort.module) reader.fail("malformed import or export", at);
      return { sort: kind, index: reader.u32() };
    case sort.value:
      // Either a value that must equal another, or a value type: both one number.
      if (reader.u8() > 1) reader.fail("malformed import or export", at);
      return { sort: kind, index: reader.typeIndex() };
    case sort.type: {
      const bound = reader.u8();
      if (bound > 1) reader.fail("malformed type bound", at);
      return { sort: kind, index: bound === 0 ? reader.u32() : undefined };
    }
    case sort.func:
    case sort.component:
    case sort.instance:
      return { sort: kind, index: reader.u32() };
    default:
      return reader.fail("unknown kind of import or export", at);
  }
}

export interface ComponentExport {
  readonly name: string;
  readonly sort: number;
  readonly index: number;
}

/** Reads one export; the type that it may be ascribed is skipped. */
export function readComponentExport(reader: ByteReader): ComponentExport {
  const name = readExternName(reader);
  const at = reader.offset;
  const kind = reader.u8();
  if (kind > sort.instance) reader.fail("unknown kind of export", at);
  if (kind === sort.core && reader.u8() !== coreSort.module) reader.fail("malformed export", at);
  const index = reader.u32();
  const ascribed = reader.u8();
  if (ascribed > 1) reader.fail("malformed export", at);
  if (ascribed === 1) readExternDescription(reader);
  return { name, sort: kind, index };
}

/** Reads a list, each item by `read`. */
export function readList<T>(reader: ByteReader, read: (reader: ByteReader) => T): T[] {
  const items: T[] = [];
  for (let count = reader.count(componentLimits.items, "items"); count > 0; count--) items.push(read(reader));
  return items;
}
