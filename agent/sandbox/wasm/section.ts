// A core module's sections: their ranges, in the order that the specification demands.
import { ByteReader } from "./reader.ts";
import { unsupported } from "./value-type.ts";

/** Section ids of the core format. */
export const sectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** One section: `bytes[start, end)` is its payload, without id and length. */
export interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** Where each id stands in a module; the data count comes before the code. */
const order = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11];

/** The sections of a core module other than custom ones, which carry no meaning for the engine.
 * Throws `module-invalid` on a wrong preamble, an unknown, repeated or misplaced section. */
export function coreSections(bytes: Uint8Array): Section[] {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== 0x00 || reader.u8() !== 0x61 || reader.u8() !== 0x73 || reader.u8() !== 0x6d) {
    reader.fail("not a WASM binary", 0);
  }
  const version = reader.u8() | (reader.u8() << 8) | (reader.u8() << 16) | (reader.u8() << 24);
  if (version !== 1) reader.fail("not a core module of version 1", 4);
  const sections: Section[] = [];
  let last = 0;
  while (!reader.done) {
    const at = reader.offset;
    const id = reader.u8();
    const payload = reader.sub(reader.u32());
    if (id === sectionId.custom) {
      payload.name();
      continue;
    }
    if (id === sectionId.tag) unsupported(reader, "exception handling", at);
    const place = order[id] ?? reader.fail(`unknown section ${id}`, at);
    if (place <= last) reader.fail(`section ${id} is repeated or out of order`, at);
    last = place;
    sections.push({ id, start: payload.offset, end: payload.end });
  }
  return sections;
}
