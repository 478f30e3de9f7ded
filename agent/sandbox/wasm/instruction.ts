// Walks the instructions of a function body or a constant expression, knowing the immediates of each.
import type { ByteReader } from "./reader.ts";
import { readReferenceType, readValueType, unsupported } from "./value-type.ts";

/** Opcodes that the sandbox treats in some way of their own; those behind a prefix byte as `prefix << 16 | sub`. */
export const opcode = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  memoryGrow: 0x40,
  memoryInit: 0xfc0008,
  memoryCopy: 0xfc000a,
  memoryFill: 0xfc000b,
  tableInit: 0xfc000c,
  tableCopy: 0xfc000e,
  tableGrow: 0xfc000f,
  tableFill: 0xfc0011,
} as const;

/** What follows an opcode byte. */
const shape = {
  none: 0,
  index: 1,
  memoryAccess: 2,
  block: 3,
  branchTable: 4,
  i32: 5,
  i64: 6,
  f32: 7,
  f64: 8,
  twoIndices: 9,
  selectTypes: 10,
  heapType: 11,
  memory: 12,
  bulkPrefix: 13,
  vectorPrefix: 14,
  exceptions: 15,
  references: 16,
  garbage: 17,
  threads: 18,
  unknown: 19,
} as const;

const shapes = new Uint8Array(256).fill(shape.unknown);
function assign(kind: number, ...ranges: readonly (readonly [number, number])[]): void {
  for (const [from, to] of ranges) shapes.fill(kind, from, to + 1);
}
assign(
  shape.none,
  [0x00, 0x01],
  [0x05, 0x05],
  [0x0b, 0x0b],
  [0x0f, 0x0f],
  [0x1a, 0x1b],
  [0x45, 0xc4],
  [0xd1, 0xd1],
);
assign(shape.block, [0x02, 0x04]);
assign(shape.index, [0x0c, 0x0d], [0x10, 0x10], [0x12, 0x12], [0x20, 0x26], [0xd2, 0xd2]);
assign(shape.branchTable, [0x0e, 0x0e]);
assign(shape.twoIndices, [0x11, 0x11], [0x13, 0x13]);
assign(shape.selectTypes, [0x1c, 0x1c]);
assign(shape.memoryAccess, [0x28, 0x3e]);
assign(shape.memory, [0x3f, 0x40]);
assign(shape.i32, [0x41, 0x41]);
assign(shape.i64, [0x42, 0x42]);
assign(shape.f32, [0x43, 0x43]);
assign(shape.f64, [0x44, 0x44]);
assign(shape.heapType, [0xd0, 0xd0]);
assign(shape.bulkPrefix, [0xfc, 0xfc]);
assign(shape.vectorPrefix, [0xfd, 0xfd]);
assign(shape.exceptions, [0x06, 0x0a], [0x18, 0x19], [0x1f, 0x1f]);
assign(shape.references, [0x14, 0x15], [0xd3, 0xd6]);
assign(shape.garbage, [0xfb, 0xfb]);
assign(shape.threads, [0xfe, 0xfe]);

/** A cursor that stands on one instruction at a time. Types are not checked here: the engine's validation does that. */
export class InstructionWalker {
  readonly reader: ByteReader;
  /** The instruction that was read last: its opcode, where it starts, and one immediate of it: the index, or the
   * number of entries of a `br_table` without its default. */
  opcode = 0;
  start = 0;
  immediate = 0;

  constructor(reader: ByteReader) {
    this.reader = reader;
  }

  /** Reads one instruction with its immediates. */
  next(): number {
    const reader = this.reader;
    this.start = reader.offset;
    const byte = reader.u8();
    this.opcode = byte;
    const kind = shapes[byte]!;
    if (kind === shape.none) return byte;
    if (kind === shape.index) {
      this.immediate = reader.u32();
      return byte;
    }
    if (kind === shape.memoryAccess) {
      this.#memoryAccess();
      return byte;
    }
    if (kind === shape.i32) {
      reader.skipS32();
      return byte;
    }
    return this.#rare(byte, kind);
  }

  #rare(byte: number, kind: number): number {
    const reader = this.reader;
    switch (kind) {
      case shape.block:
        this.#blockType();
        return byte;
      case shape.branchTable:
        this.immediate = reader.count(0xffff_ffff, "branch table entries");
        for (let entry = 0; entry <= this.immediate; entry++) reader.u32();
        return byte;
      case shape.i64:
        reader.skipS64();
        return byte;
      case shape.f32:
        reader.skip(4);
        return byte;
      case shape.f64:
        reader.skip(8);
        return byte;
      case shape.twoIndices:
        this.immediate = reader.u32();
        reader.u32();
        return byte;
      case shape.selectTypes:
        for (let count = reader.count(0xffff_ffff, "types"); count > 0; count--) readValueType(reader);
        return byte;
      case shape.heapType:
        readReferenceType(reader);
        return byte;
      case shape.memory:
        this.#memoryIndex();
        return byte;
      case shape.bulkPrefix:
        return this.#bulk();
      case shape.vectorPrefix:
        return this.#vector();
      default:
        return this.#refuse(byte, kind);
    }
  }

  #refuse(byte: number, kind: number): never {
    if (kind === shape.exceptions) return unsupported(this.reader, "exception handling", this.start);
    if (kind === shape.references) return unsupported(this.reader, "typed function references", this.start);
    if (kind === shape.garbage) return unsupported(this.reader, "garbage collection", this.start);
    if (kind === shape.threads) return unsupported(this.reader, "threads (atomic instructions)", this.start);
    return this.reader.fail(`unknown opcode 0x${byte.toString(16).padStart(2, "0")}`, this.start);
  }

  #blockType(): void {
    const { reader } = this;
    const byte = reader.done ? 0 : reader.bytes[reader.offset]!;
    if (byte === 0x40) reader.offset++;
    else if ((byte & 0xc0) === 0x40) readValueType(reader);
    else reader.typeIndex();
  }

  #memoryAccess(): void {
    // An alignment never exceeds 4 bits; bit 6 says that a memory index follows.
    if (this.reader.u32() >= 0x20) unsupported(this.reader, "more than one memory", this.start);
    this.reader.u32();
  }

  #memoryIndex(): void {
    if (this.reader.u8() !== 0) unsupported(this.reader, "more than one memory", this.start);
  }

  #bulk(): number {
    const { reader } = this;
    const sub = reader.u32();
    this.opcode = 0xfc0000 | sub;
    if (sub <= 7) return this.opcode;
    if (sub > 0x11) return reader.fail(`unknown opcode 0xfc 0x${sub.toString(16)}`, this.start);
    if (sub === 0x0a) {
      this.#memoryIndex();
      this.#memoryIndex();
    } else if (sub === 0x0b) {
      this.#memoryIndex();
    } else {
      this.immediate = reader.u32();
      if (sub === 0x08) this.#memoryIndex();
      else if (sub === 0x0c || sub === 0x0e) reader.u32();
    }
    return this.opcode;
  }

  #vector(): number {
    const { reader } = this;
    const sub = reader.u32();
    this.opcode = 0xfd0000 | sub;
    if (sub > 0x113) return reader.fail(`unknown opcode 0xfd 0x${sub.toString(16)}`, this.start);
    if (sub <= 0x0b || sub === 0x5c || sub === 0x5d) {
      this.#memoryAccess();
    } else if (sub === 0x0c || sub === 0x0d) {
      reader.skip(16);
    } else if (sub >= 0x15 && sub <= 0x22) {
      reader.skip(1);
    } else if (sub >= 0x54 && sub <= 0x5b) {
      this.#memoryAccess();
      reader.skip(1);
    }
    return this.opcode;
  }
}
