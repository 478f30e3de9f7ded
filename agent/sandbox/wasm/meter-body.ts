// Writes one function body anew with the meter's charges in it.

import { opcode } from "./instruction.ts";
import type { LeafFunctions } from "./leaf-functions.ts";
import { type BodyPlan, type Point, planBody, pointKind } from "./meter-plan.ts";
import { ByteReader } from "./reader.ts";
import { valueType } from "./value-type.ts";
import type { ByteWriter } from "./writer.ts";

/** Opcodes that the added code is made of. */
const emit = {
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i64Const: 0x42,
  select: 0x1b,
  i32Ne: 0x47,
  i64LtS: 0x53,
  i64Sub: 0x7d,
  i64Shl: 0x86,
  i64ShrU: 0x88,
  i64ExtendI32U: 0xad,
  empty: 0x40,
} as const;

/** Bytes, table elements and pages by powers of two for one unit: 64 bytes either way. */
const memoryShift = 6;
const tableShift = 3;
const pageShift = 10;

/** What a body's rewriting needs to know of its function. */
export interface MeteredFunction {
  readonly fuelGlobal: number;
  readonly parameters: number;
  readonly leaves: LeafFunctions;
  /** The block type that takes nothing and gives the function's results. */
  writeBlockType(writer: ByteWriter): void;
}

/** Writes `bytes[start, end)`, a body, with charges. */
export function writeMeteredBody(out: ByteWriter, body: ByteReader, target: MeteredFunction): void {
  const start = body.offset;
  const plan = planBody(body, target.leaves);
  new BodyWriter(out, body.bytes, plan, target).write(start);
}

class BodyWriter {
  readonly #out: ByteWriter;
  readonly #bytes: Uint8Array;
  readonly #plan: BodyPlan;
  readonly #target: MeteredFunction;
  /** Local indices: the fuel that is left, and the operand and result of a bulk operation. */
  readonly #fuel: number;
  readonly #operand: number;
  readonly #result: number;
  readonly #cached: boolean;

  constructor(out: ByteWriter, bytes: Uint8Array, plan: BodyPlan, target: MeteredFunction) {
    this.#out = out;
    this.#bytes = bytes;
    this.#plan = plan;
    this.#target = target;
    this.#fuel = target.parameters + plan.locals;
    this.#operand = this.#fuel + 1;
    this.#result = this.#fuel + 2;
    this.#cached = plan.tightLoop;
  }

  write(start: number): void {
    const plan = this.#plan;
    const out = this.#out;
    this.#writeLocals(start);
    if (this.#cached) {
      // The fuel is in a local from here on; whoever leaves the function stores it first.
      out.u8(emit.globalGet).u32(this.#target.fuelGlobal).u8(emit.localSet).u32(this.#fuel);
    }
    this.#chargeRegion(plan.regions[0]! + (plan.locals >>> 4));
    if (this.#cached) {
      out.u8(opcode.block);
      this.#target.writeBlockType(out);
    }
    let copied = plan.code;
    for (const point of plan.points) {
      out.bytes(this.#bytes.subarray(copied, point.at));
      copied = point.next;
      this.#writePoint(point);
    }
    out.bytes(this.#bytes.subarray(copied, plan.end));
    if (this.#cached) {
      out.u8(opcode.end);
      this.#store();
    }
    out.u8(opcode.end);
  }

  #writeLocals(start: number): void {
    const reader = new ByteReader(this.#bytes, start, this.#plan.code);
    const runs = reader.u32();
    const { bulk, grow } = this.#plan;
    this.#out.u32(runs + (bulk ? 2 : 1)).bytes(this.#bytes.subarray(reader.offset, this.#plan.code));
    this.#out.u32(1).u8(valueType.i64);
    if (bulk) this.#out.u32(grow ? 2 : 1).u8(valueType.i32);
  }

  #writePoint(point: Point): void {
    const out = this.#out;
    switch (point.kind) {
      case pointKind.loop:
        this.#chargeRegion(this.#plan.regions[point.argument]!);
        return;
      case pointKind.call:
      case pointKind.leave:
        if (this.#cached) this.#store();
        return;
      case pointKind.called:
        if (this.#cached) {
          out.u8(emit.globalGet).u32(this.#target.fuelGlobal).u8(emit.localSet).u32(this.#fuel);
        }
        return;
      case pointKind.return:
        // The block around the body is what the function's own label was.
        if (this.#cached) out.u8(opcode.br).u32(point.argument);
        else out.u8(opcode.return);
        return;
      case pointKind.bulkMemory:
      case pointKind.bulkTable:
        this.#chargeMove(point.kind === pointKind.bulkMemory ? memoryShift : tableShift);
        return;
      default:
        this.#chargeGrowth(point);
    }
  }

  #store(): void {
    this.#out.u8(emit.localGet).u32(this.#fuel).u8(emit.globalSet).u32(this.#target.fuelGlobal);
  }

  #chargeRegion(cost: number): void {
    if (cost > 0) this.#charge(() => this.#out.u8(emit.i64Const).positive(cost));
  }

  #chargeMove(shift: number): void {
    const out = this.#out;
    out.u8(emit.localSet).u32(this.#operand);
    this.#charge(() => {
      out.u8(emit.localGet).u32(this.#operand).u8(emit.i64ExtendI32U);
      out.u8(emit.i64Const).positive(shift).u8(emit.i64ShrU);
    });
    out.u8(emit.localGet).u32(this.#operand);
  }

  /** Growth is charged when it was granted: asking for too much gives -1 and costs one instruction. */
  #chargeGrowth(point: Point): void {
    const out = this.#out;
    const memory = point.kind === pointKind.growMemory;
    out.u8(emit.localTee).u32(this.#operand);
    out.bytes(this.#bytes.subarray(point.at, point.next));
    out.u8(emit.localSet).u32(this.#result);
    this.#charge(() => {
      out.u8(emit.localGet).u32(this.#operand).u8(emit.i64ExtendI32U);
      out
        .u8(emit.i64Const)
        .positive(memory ? pageShift : tableShift)
        .u8(memory ? emit.i64Shl : emit.i64ShrU);
      out.u8(emit.i64Const).u8(0);
      out.u8(emit.localGet).u32(this.#result).u8(emit.i32Const).u8(0x7f).u8(emit.i32Ne).u8(emit.select);
    });
    out.u8(emit.localGet).u32(this.#result);
  }

  /** Takes what `pushCost` pushes (an i64 that is not negative) from the fuel, and traps when that was too much: the
   * global is then negative. */
  #charge(pushCost: () => void): void {
    const out = this.#out;
    const { fuelGlobal } = this.#target;
    out.u8(this.#cached ? emit.localGet : emit.globalGet).u32(this.#cached ? this.#fuel : fuelGlobal);
    pushCost();
    out.u8(emit.i64Sub);
    out.u8(emit.localTee).u32(this.#fuel);
    if (!this.#cached) out.u8(emit.globalSet).u32(fuelGlobal).u8(emit.localGet).u32(this.#fuel);
    out.u8(emit.i64Const).u8(0).u8(emit.i64LtS).u8(opcode.if).u8(emit.empty);
    if (this.#cached) this.#store();
    out.u8(opcode.unreachable).u8(opcode.end);
  }
}
