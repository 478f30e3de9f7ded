// Finds, in one function body, what the meter charges and where it has to add code.
import { readLocals } from "./body.ts";
import { InstructionWalker, opcode } from "./instruction.ts";
import { isCold, type LeafFunctions, leafLimit } from "./leaf-functions.ts";
import type { ByteReader } from "./reader.ts";

/** What is added at a point of a body. */
export const pointKind = {
  /** Behind a loop's block type: the charge of region `argument`. */
  loop: 0,
  /** Before and behind a call. */
  call: 1,
  called: 2,
  /** Before a tail call. */
  leave: 3,
  /** Instead of a `return` inside `argument` blocks. */
  return: 4,
  /** Before an instruction that moves as many bytes or table elements as the operand on top of the stack says. */
  bulkMemory: 5,
  bulkTable: 6,
  /** Around an instruction that grows by as many pages or elements. */
  growMemory: 7,
  growTable: 8,
} as const;

/** Where `bytes[at, next)` is to be replaced (`next > at`) or preceded (`next === at`) by added code. */
export interface Point {
  readonly kind: number;
  readonly at: number;
  readonly next: number;
  readonly argument: number;
}

/** One body as the meter sees it. */
export interface BodyPlan {
  /** Behind the locals: the first instruction. */
  readonly code: number;
  /** Of the body's last `end`. */
  readonly end: number;
  readonly locals: number;
  /** Instructions of each region: 0 is the function outside of its loops, each other one loop outside of the loops
   * inside of it. */
  readonly regions: readonly number[];
  /** In order of `at`. */
  readonly points: readonly Point[];
  /** Whether some loop holds no call that returns: it then pays to keep the fuel in a local while the function runs. */
  readonly tightLoop: boolean;
  readonly bulk: boolean;
  readonly grow: boolean;
}

const bulkKinds = new Map<number, number>([
  [opcode.memoryCopy, pointKind.bulkMemory],
  [opcode.memoryFill, pointKind.bulkMemory],
  [opcode.memoryInit, pointKind.bulkMemory],
  [opcode.tableCopy, pointKind.bulkTable],
  [opcode.tableFill, pointKind.bulkTable],
  [opcode.tableInit, pointKind.bulkTable],
  [opcode.memoryGrow, pointKind.growMemory],
  [opcode.tableGrow, pointKind.growTable],
]);

/** Plans one body. A call of a leaf costs what the leaf does, an indirect call what the dearest leaf may. An instruction counts one, block structure (`block`, `loop`, `else`, `end`) nothing. */
export function planBody(body: ByteReader, leaves: LeafFunctions): BodyPlan {
  const locals = readLocals(body);
  const code = body.offset;
  const walker = new InstructionWalker(body);
  const regions = [0];
  const points: Point[] = [];
  // The region of each open block, and for a loop the number of calls before it (else -1).
  const open = [0];
  const callsBefore = [-1];
  let region = 0;
  let calls = 0;
  let tightLoop = false;
  let bulk = false;
  let grow = false;
  for (;;) {
    const op = walker.next();
    const at = walker.start;
    if (op === opcode.end) {
      open.pop();
      const before = callsBefore.pop()!;
      if (before === calls) tightLoop = true;
      if (open.length === 0) break;
      region = open[open.length - 1]!;
    } else if (op === opcode.loop) {
      region = regions.push(0) - 1;
      open.push(region);
      callsBefore.push(calls);
      points.push({ kind: pointKind.loop, at: body.offset, next: body.offset, argument: region });
    } else if (op === opcode.block || op === opcode.if) {
      if (op === opcode.if) regions[region]!++;
      open.push(region);
      callsBefore.push(-1);
    } else if (op !== opcode.else) {
      regions[region]!++;
      if (op === opcode.call || op === opcode.callIndirect) {
        const cost = op === opcode.call ? leaves.cost(walker.immediate) : undefined;
        const touchesFuel = cost === undefined || leaves.callsOut(walker.immediate);
        regions[region]! += cost ?? (op === opcode.callIndirect ? leafLimit : 0);
        if (touchesFuel) points.push({ kind: pointKind.call, at, next: at, argument: 0 });
        if (cost === undefined && !isCold(body)) {
          calls++;
          points.push({ kind: pointKind.called, at: body.offset, next: body.offset, argument: 0 });
        }
      } else if (op === opcode.return) {
        points.push({ kind: pointKind.return, at, next: body.offset, argument: open.length - 1 });
      } else if (op === opcode.returnCall || op === opcode.returnCallIndirect) {
        regions[region]! += op === opcode.returnCall ? (leaves.cost(walker.immediate) ?? 0) : leafLimit;
        points.push({ kind: pointKind.leave, at, next: at, argument: 0 });
      } else if (op === opcode.memoryGrow || op >= opcode.memoryInit) {
        const kind = bulkKinds.get(op);
        if (kind === undefined) continue;
        const growing = kind >= pointKind.growMemory;
        points.push({ kind, at, next: growing ? body.offset : at, argument: 0 });
        bulk = true;
        if (growing) grow = true;
      }
    }
  }
  if (!body.done) body.fail("bytes after the end of a function");
  return { code, end: walker.start, locals, regions, points, tightLoop, bulk, grow };
}
