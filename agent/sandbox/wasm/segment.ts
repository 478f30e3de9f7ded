// Constant expressions, element segments and data segments of a core module.

import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ComplexityLimits } from "./complexity.ts";
import { InstructionWalker, opcode } from "./instruction.ts";
import type { ByteReader } from "./reader.ts";
import { readReferenceType } from "./value-type.ts";

/** Skips a constant expression up to its `end`. Which instructions are constant is for the engine to say: blocks,
 * which would hide an `end`, are refused here. */
export function skipConstantExpression(reader: ByteReader): void {
  const walker = new InstructionWalker(reader);
  for (;;) {
    const code = walker.next();
    if (code === opcode.end) return;
    if (code >= opcode.block && code <= opcode.else) reader.fail("not a constant expression", walker.start);
  }
}

/** Checks the element segments; `entries` is how many functions and references they hold together. */
export function readElements(
  reader: ByteReader,
  limits: ComplexityLimits,
): { segments: number; entries: number } {
  const segments = reader.count(limits.elementSegments, "element segments");
  let entries = 0;
  for (let left = segments; left > 0; left--) {
    const at = reader.offset;
    const flags = reader.u32();
    if (flags > 7) reader.fail("malformed element segment", at);
    const passive = (flags & 1) !== 0;
    const explicit = (flags & 2) !== 0;
    const expressions = (flags & 4) !== 0;
    if (!passive && explicit) reader.u32();
    if (!passive) skipConstantExpression(reader);
    if (passive || explicit) {
      if (expressions) readReferenceType(reader);
      else if (reader.u8() !== 0) reader.fail("malformed element segment", at);
    }
    const count = reader.count(limits.elementEntries, "element entries");
    entries += count;
    if (entries > limits.elementEntries) {
      throw new RemoteMediaError(
        "module-too-complex",
        `${entries} element entries; at most ${limits.elementEntries} are taken`,
      );
    }
    for (let entry = count; entry > 0; entry--) {
      if (expressions) skipConstantExpression(reader);
      else reader.u32();
    }
  }
  return { segments, entries };
}

/** Checks the data segments and gives their number. */
export function readData(reader: ByteReader, limits: ComplexityLimits): number {
  const segments = reader.count(limits.dataSegments, "data segments");
  for (let left = segments; left > 0; left--) {
    const at = reader.offset;
    const flags = reader.u32();
    if (flags > 2) reader.fail("malformed data segment", at);
    if (flags === 2 && reader.u32() !== 0) reader.fail("more than one memory is not supported", at);
    if (flags !== 1) skipConstantExpression(reader);
    reader.skip(reader.u32());
  }
  return segments;
}
