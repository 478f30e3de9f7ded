// Reads component types into numbers: two types are the same shape exactly when their numbers are equal.
import { readExternDescription, readExternName, readList, sort } from "./component-section.ts";
import type { ByteReader } from "./reader.ts";

/** The first byte of a type's definition. */
const form = {
  record: 0x72,
  variant: 0x71,
  list: 0x70,
  enum: 0x6d,
  option: 0x6b,
  result: 0x6a,
  instance: 0x42,
  func: 0x40,
} as const;

/** Primitive value types: bool to string. */
const firstPrimitive = 0x73;
const lastPrimitive = 0x7f;

/** What an instance type exports, by name. */
export type InstanceShape = ReadonlyMap<string, { readonly sort: number; readonly type: number }>;

/** A member of a record, a variant (-1: no payload), or a function's parameters. */
export type Member = readonly [name: string, type: number];

/** Gives each distinct shape one number. A shape's key holds the numbers of its parts, not their keys: types that share
 * parts, as attacker-controlled ones may a thousandfold, stay linear. */
export class ShapeTable {
  readonly #numbers = new Map<string, number>();
  readonly #instances = new Map<number, InstanceShape>();

  #number(key: string): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  primitive(byte: number): number {
    return this.#number(`primitive ${byte}`);
  }
  record(members: readonly Member[]): number {
    return this.#number(JSON.stringify(["record", members]));
  }
  variant(members: readonly Member[]): number {
    return this.#number(JSON.stringify(["variant", members]));
  }
  enum(names: readonly string[]): number {
    return this.#number(JSON.stringify(["enum", names]));
  }
  list(element: number): number {
    return this.#number(`list ${element}`);
  }
  option(value: number): number {
    return this.#number(`option ${value}`);
  }
  /** -1 for a side without a value. */
  result(ok: number, error: number): number {
    return this.#number(`result ${ok} ${error}`);
  }
  func(parameters: readonly Member[], result: number): number {
    return this.#number(JSON.stringify(["func", parameters, result]));
  }

  instanceOf(type: number): InstanceShape | undefined {
    return this.#instances.get(type);
  }

  /** Reads one definition of a type section. `known` is the index space that it refers to. Throws `module-invalid`
   * for a form that the contract's world has no use for (resources, tuples, flags, futures …). */
  readDefinition(reader: ByteReader, known: readonly number[]): number {
    const at = reader.offset;
    const byte = reader.u8();
    if (byte !== form.instance) return this.#readPlain(reader, byte, known);
    const shape = this.#readInstance(reader);
    const number = this.#number(`instance ${at}`);
    this.#instances.set(number, shape);
    return number;
  }

  #readPlain(reader: ByteReader, byte: number, known: readonly number[]): number {
    const value = (from: ByteReader) => this.#readValueType(from, known);
    const member = (from: ByteReader): Member => [from.name(), value(from)];
    const optional = (from: ByteReader) => (readFlag(from) ? value(from) : -1);
    switch (byte) {
      case form.record:
        return this.record(readList(reader, member));
      case form.variant:
        return this.variant(
          readList(reader, (from) => {
            const name = from.name();
            const payload = optional(from);
            if (from.u8() !== 0) from.fail("a variant case that refines another is not supported");
            return [name, payload];
          }),
        );
      case form.enum:
        return this.enum(readList(reader, (from) => from.name()));
      case form.list:
        return this.list(value(reader));
      case form.option:
        return this.option(value(reader));
      case form.result: {
        const ok = optional(reader);
        return this.result(ok, optional(reader));
      }
      case form.func: {
        const parameters = readList(reader, member);
        if (!readFlag(reader)) return this.func(parameters, value(reader));
        if (reader.u8() !== 0) reader.fail("malformed function type");
        return this.func(parameters, -1);
      }
      default:
        if (byte >= firstPrimitive && byte <= lastPrimitive) return this.primitive(byte);
        return reader.fail("a component type that is not recognised", reader.offset - 1);
    }
  }

  #readValueType(reader: ByteReader, known: readonly number[]): number {
    const byte = reader.done ? 0 : reader.bytes[reader.offset]!;
    if (byte >= firstPrimitive && byte <= lastPrimitive) {
      reader.offset++;
      return this.primitive(byte);
    }
    return known[reader.typeIndex()] ?? reader.fail("an unknown type index");
  }

  /** An instance type: definitions in an index space of their own, and what is exported. */
  #readInstance(reader: ByteReader): InstanceShape {
    const own: number[] = [];
    const exports = new Map<string, { sort: number; type: number }>();
    readList(reader, (from) => {
      const kind = from.u8();
      if (kind === 0x01) {
        own.push(this.#readPlain(from, from.u8(), own));
        return;
      }
      if (kind !== 0x04) from.fail("a declaration that is not recognised");
      const name = readExternName(from);
      const description = readExternDescription(from);
      const type = own[description.index ?? -1] ?? from.fail("an unknown type index");
      if (description.sort === sort.type) own.push(type);
      else if (description.sort !== sort.func) from.fail("a declaration that is not recognised");
      exports.set(name, { sort: description.sort, type });
    });
    return exports;
  }
}

function readFlag(reader: ByteReader): boolean {
  const byte = reader.u8();
  if (byte > 1) reader.fail("malformed flag", reader.offset - 1);
  return byte === 1;
}
