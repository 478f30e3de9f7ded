// Rewrites a core module so that it counts what it does and stops when its fuel is used up.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { complexityLimits } from "./complexity.ts";
import type { FunctionType } from "./declaration.ts";
import { findLeaves } from "./leaf-functions.ts";
import { writeMeteredBody } from "./meter-body.ts";
import { ByteReader } from "./reader.ts";
import { type CoreFacts, scanCore } from "./scan.ts";
import { type Section, sectionId } from "./section.ts";
import { valueType } from "./value-type.ts";
import { ByteWriter } from "./writer.ts";

/** The name by which a metered module exports its fuel: a mutable i64 global. */
export const fuelExport = "remotemedia:fuel";

/** Fuel that no module ever uses up. */
export const unlimitedFuel = 0x7fff_ffff_ffff_ffffn;

/** What engines take as the largest function body. */
const engineBodyBytes = 7_654_321;

export interface MeterOptions {
  /** The fuel that the module starts with, its start function included. Default: `unlimitedFuel`. */
  readonly initialFuel?: bigint;
  /** What `scanCore` gave for the same bytes, when the caller has it. */
  readonly facts?: CoreFacts;
}

/** Adds the meter to a core module that `WebAssembly.validate` accepts as it is: an invalid one could become valid by
 * it, with the fuel in its own hands (`prepareCore` does both in order).
 *
 * A call charges, when a function or a loop's head is entered, the instructions of that stretch of code as they are
 * written, loops inside of it excluded, and what bulk operations move by 64 bytes a unit. Small functions without loops
 * (`leaf-functions.ts`) stay as they are, their callers are charged for them. The count depends on the
 * module and its input alone. When the fuel would become negative the module traps (`unreachable`) and its global
 * `fuelExport` is negative. After another trap the global may lack what the function that trapped had charged.
 *
 * Function, type, table, memory and global indices stay what they were; custom sections are left out.
 * Throws `module-invalid` when the module uses the reserved name itself, `module-too-complex` when a function becomes
 * too long for an engine by it. */
export function meterCore(bytes: Uint8Array, options: MeterOptions = {}): Uint8Array {
  const facts = options.facts ?? scanCore(bytes, complexityLimits);
  for (const { name } of [...facts.exports, ...facts.imports]) {
    if (name === fuelExport)
      throw new RemoteMediaError("module-invalid", `the name ${fuelExport} is reserved`);
  }
  const blockTypes = new BlockTypes(facts.types);
  const code = facts.code === undefined ? undefined : meterCode(bytes, facts, blockTypes);
  const out = new ByteWriter(bytes.length * 2);
  out.bytes(bytes.subarray(0, 8));
  const write = new SectionWriter(out, bytes, facts.sections);
  write.extended(sectionId.type, blockTypes.added);
  write.copied(sectionId.import, sectionId.function, sectionId.table, sectionId.memory);
  const fuel = new ByteWriter(16)
    .u8(valueType.i64)
    .u8(1)
    .u8(0x42)
    .s64(options.initialFuel ?? unlimitedFuel)
    .u8(0x0b);
  write.extended(sectionId.global, [fuel.copy()]);
  write.extended(sectionId.export, [new ByteWriter(32).name(fuelExport).u8(3).u32(facts.globals).copy()]);
  write.copied(sectionId.start, sectionId.element, sectionId.dataCount);
  if (code !== undefined) out.u8(sectionId.code).sized(code);
  write.copied(sectionId.data);
  return out.copy();
}

/** The code section's new payload. */
function meterCode(bytes: Uint8Array, facts: CoreFacts, blockTypes: BlockTypes): Uint8Array {
  const section = facts.sections.find((one) => one.id === sectionId.code)!;
  const reader = new ByteReader(bytes, section.start, section.end);
  const count = reader.u32();
  const out = new ByteWriter((section.end - section.start) * 2).u32(count);
  const body = new ByteWriter(64 * 1024);
  const leaves = findLeaves(bytes, facts);
  for (let at = 0; at < count; at++) {
    const original = reader.sub(reader.u32());
    if (leaves.cost(facts.importedFunctions + at) !== undefined) {
      out.sized(original.bytes.subarray(original.offset, original.end));
      continue;
    }
    const type = facts.types[facts.functionTypes[facts.importedFunctions + at]!]!;
    body.clear();
    writeMeteredBody(body, original, {
      fuelGlobal: facts.globals,
      parameters: type.parameters.length,
      leaves,
      writeBlockType: (writer) => blockTypes.write(writer, type.results),
    });
    if (body.length > engineBodyBytes) {
      throw new RemoteMediaError("module-too-complex", `body ${at} has ${body.length} bytes with its meter`);
    }
    out.sized(body.view());
  }
  return out.view();
}

/** Block types without parameters, by results; more than one result takes a signature of its own. */
class BlockTypes {
  readonly added: Uint8Array[] = [];
  readonly #indices = new Map<string, number>();
  readonly #known: number;

  constructor(types: readonly FunctionType[]) {
    this.#known = types.length;
  }

  write(writer: ByteWriter, results: Uint8Array): void {
    if (results.length === 0) writer.u8(0x40);
    else if (results.length === 1) writer.u8(results[0]!);
    else writer.positive(this.#indexOf(results));
  }

  #indexOf(results: Uint8Array): number {
    const key = results.join();
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const index = this.#known + this.added.length;
    this.added.push(new ByteWriter(16).u8(0x60).u8(0).sized(results).copy());
    this.#indices.set(key, index);
    return index;
  }
}

/** Writes sections of the original, as they are or with entries behind the last. */
class SectionWriter {
  readonly #out: ByteWriter;
  readonly #bytes: Uint8Array;
  readonly #sections: Map<number, Section>;

  constructor(out: ByteWriter, bytes: Uint8Array, sections: readonly Section[]) {
    this.#out = out;
    this.#bytes = bytes;
    this.#sections = new Map(sections.map((section) => [section.id, section]));
  }

  copied(...ids: readonly number[]): void {
    for (const id of ids) {
      const section = this.#sections.get(id);
      if (section !== undefined) this.#out.u8(id).sized(this.#bytes.subarray(section.start, section.end));
    }
  }

  extended(id: number, added: readonly Uint8Array[]): void {
    if (added.length === 0) {
      this.copied(id);
      return;
    }
    const section = this.#sections.get(id) ?? { start: 0, end: 0 };
    const reader = new ByteReader(this.#bytes, section.start, section.end);
    const count = reader.done ? 0 : reader.u32();
    const payload = new ByteWriter(section.end - section.start + 64).u32(count + added.length);
    payload.bytes(this.#bytes.subarray(reader.offset, section.end));
    for (const entry of added) payload.bytes(entry);
    this.#out.u8(id).sized(payload.view());
  }
}
