// Finds the small functions whose cost is charged to their callers, so that an engine can still inline them.

import { readLocals } from "./body.ts";
import { InstructionWalker, opcode } from "./instruction.ts";
import { ByteReader } from "./reader.ts";
import type { CoreFacts } from "./scan.ts";
import { sectionId } from "./section.ts";

/** The most that a leaf costs. It is also what an indirect call is charged, which may reach a leaf. */
export const leafLimit = 48;

/** A leaf has no loop, no bulk operation, and calls nothing but what never returns to it. */
export interface LeafFunctions {
  /** What a call of function `index` costs its caller; undefined when it is no leaf and charges for itself. */
  cost(index: number): number | undefined;
  /** Whether the leaf calls somebody before it traps. */
  callsOut(index: number): boolean;
}

/** Per function of the code section: 0 no leaf, else its cost + 1, with `outBit` when it calls somebody. */
const outBit = 0x80;

export function findLeaves(bytes: Uint8Array, facts: CoreFacts): LeafFunctions {
  const section = facts.sections.find((one) => one.id === sectionId.code);
  const marks =
    section === undefined ? new Uint8Array() : markLeaves(new ByteReader(bytes, section.start, section.end));
  const mark = (index: number) => marks[index - facts.importedFunctions] ?? 0;
  return {
    cost: (index) => (mark(index) === 0 ? undefined : (mark(index) & ~outBit) - 1),
    callsOut: (index) => (mark(index) & outBit) !== 0,
  };
}

function markLeaves(code: ByteReader): Uint8Array {
  const marks = new Uint8Array(code.u32());
  for (let at = 0; at < marks.length; at++) marks[at] = markOf(code.sub(code.u32()));
  return marks;
}

function markOf(body: ByteReader): number {
  let cost = readLocals(body) >>> 4;
  let out = 0;
  let depth = 1;
  const walker = new InstructionWalker(body);
  while (depth > 0) {
    if (cost > leafLimit) return 0;
    const op = walker.next();
    if (op === opcode.end) depth--;
    else if (op === opcode.block) depth++;
    else if (op !== opcode.else) {
      if (op === opcode.if) depth++;
      if (neverInLeaf(op)) return 0;
      if (op === opcode.call || op === opcode.callIndirect) {
        if (!isCold(body)) return 0;
        out = outBit;
      }
      cost++;
    }
  }
  return cost > leafLimit ? 0 : (cost + 1) | out;
}

function neverInLeaf(op: number): boolean {
  return (
    op === opcode.loop ||
    op === opcode.returnCall ||
    op === opcode.returnCallIndirect ||
    op === opcode.memoryGrow ||
    (op >= opcode.memoryInit && op < 0xfd0000)
  );
}

/** Whether the call that was just read never returns: compilers put `unreachable` behind what reports a failed check. */
export function isCold(body: ByteReader): boolean {
  return body.bytes[body.offset] === opcode.unreachable;
}
