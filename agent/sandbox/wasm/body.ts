// Checks the function bodies of a core module against the complexity limits.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ComplexityLimits } from "./complexity.ts";
import { InstructionWalker, opcode } from "./instruction.ts";
import type { ByteReader } from "./reader.ts";
import { readValueType } from "./value-type.ts";

/** Sums over the bodies of a module, and the largest of one body. */
export interface CodeFacts {
  bytes: number;
  largestBody: number;
  deepestNesting: number;
  mostLocals: number;
  branchTableEntries: number;
  mostLocalsTimesLoops: number;
}

/** Walks every body once. `functions` is how many the function section declared.
 * Throws `module-too-complex` at the first bound that is passed, `module-invalid` on anything malformed. */
export function scanBodies(reader: ByteReader, functions: number, limits: ComplexityLimits): CodeFacts {
  const facts: CodeFacts = {
    bytes: reader.end - reader.offset,
    largestBody: 0,
    deepestNesting: 0,
    mostLocals: 0,
    branchTableEntries: 0,
    mostLocalsTimesLoops: 0,
  };
  const count = reader.count(limits.functions, "function bodies");
  if (count !== functions) reader.fail(`${functions} functions have ${count} bodies`);
  for (let at = 0; at < count; at++) {
    const size = reader.u32();
    facts.largestBody = within(facts.largestBody, size, limits.bodyBytes, "bytes in one function", at);
    scanBody(reader.sub(size), at, limits, facts);
  }
  return facts;
}

function within(known: number, value: number, most: number, what: string, at: number): number {
  if (value > most) {
    throw new RemoteMediaError(
      "module-too-complex",
      `${value} ${what} (body ${at}); at most ${most} are taken`,
    );
  }
  return Math.max(known, value);
}

/** Reads the runs of locals at the head of a body and gives their sum. */
export function readLocals(reader: ByteReader): number {
  let sum = 0;
  for (let runs = reader.count(0xffff_ffff, "runs of locals"); runs > 0; runs--) {
    sum += reader.u32();
    readValueType(reader);
  }
  return sum;
}

function scanBody(reader: ByteReader, at: number, limits: ComplexityLimits, facts: CodeFacts): void {
  const locals = readLocals(reader);
  facts.mostLocals = within(facts.mostLocals, locals, limits.locals, "locals in one function", at);
  const walker = new InstructionWalker(reader);
  let depth = 1;
  let deepest = 1;
  let loops = 0;
  while (depth > 0) {
    const code = walker.next();
    if (code === opcode.end) {
      depth--;
    } else if (code >= opcode.block && code <= opcode.if) {
      if (++depth > deepest) deepest = depth;
      if (depth > limits.nesting) within(0, depth, limits.nesting, "blocks inside each other", at);
      if (code === opcode.loop) loops++;
    } else if (code === opcode.brTable) {
      const entries = walker.immediate;
      within(0, entries, limits.branchTableEntries, "branch table entries", at);
      facts.branchTableEntries += entries;
      within(0, facts.branchTableEntries, limits.branchTableEntriesTotal, "branch table entries in all", at);
    }
  }
  if (!reader.done) reader.fail("bytes after the end of a function");
  facts.deepestNesting = Math.max(facts.deepestNesting, deepest);
  facts.mostLocalsTimesLoops = within(
    facts.mostLocalsTimesLoops,
    locals * loops,
    limits.localsTimesLoops,
    "locals times loops",
    at,
  );
}
