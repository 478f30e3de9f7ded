// Makes small random modules that validate: loops, branches, tables, calls, memory, several results.
import fc from "fast-check";
import { ByteWriter } from "../../../../agent/sandbox/wasm/writer.ts";
import { moduleOf } from "./core-module.ts";

/* Functions 0..3 have (i32 i32) -> (i32), 4 has (i32 i32) -> (i32 i64). Locals of each: 0 and 1 are its parameters,
 * 2 to 4 are i32, 5 is i64. Global 0 is an i32, global 1 counts the calls
 * that are left (without it most of them would recurse for ever), table 0 holds functions 0 to 3, memory has one page of at most three,
 * data segment 0 has 32 bytes. */
const functionCount = 5;
const i32Locals = 5;
const wideFunction = 4;

type Code = readonly number[];

const leb = (value: number): number[] => [...new ByteWriter().u32(value).copy()];
const constant = (value: number): number[] => [0x41, ...new ByteWriter().s64(BigInt(value)).copy()];
const join = (...parts: readonly Code[]): Code => parts.flat();

/** An i32 on the stack. */
const { expression } = fc.letrec<{ expression: Code }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, depthIdentifier: "expression" },
    fc.integer({ min: -70, max: 70 }).map((value) => constant(value)),
    fc.nat({ max: i32Locals - 1 }).map((local) => [0x20, local]),
    fc.constant([0x23, 0]),
    fc.tuple(tie("expression"), tie("expression"), fc.integer({ min: 0x46, max: 0x4f })).map(join2),
    // Division, which may trap, among them.
    fc.tuple(tie("expression"), tie("expression"), fc.integer({ min: 0x6a, max: 0x78 })).map(join2),
    tie("expression").map((address) => [...address, ...constant(0x1ffff), 0x71, 0x28, 0, 4]),
    fc
      .tuple(tie("expression"), tie("expression"), fc.nat({ max: functionCount - 2 }))
      .map(([a, b, callee]) => join(a, b, [0x10, callee])),
    fc
      .tuple(tie("expression"), tie("expression"), tie("expression"))
      .map(([a, b, slot]) => join(a, b, slot, constant(3), [0x71, 0x11, 0, 0])),
    fc
      .tuple(tie("expression"), tie("expression"))
      .map(([a, b]) => join(a, b, [0x10, wideFunction, 0xa7, 0x6a])),
    fc
      .tuple(tie("expression"), tie("expression"), tie("expression"))
      .map(([condition, a, b]) => join(condition, [0x04, 0x7f], a, [0x05], b, [0x0b])),
    tie("expression").map((pages) => join(pages, [0x40, 0])),
  ),
}));

function join2([a, b, operator]: [Code, Code, number]): Code {
  return [...a, ...b, operator];
}

/** Code that leaves the stack as it was. Branches name labels modulo what is open when the body is put together. */
type Statement = (depth: number, leave: Code) => Code;

const set: fc.Arbitrary<Statement> = fc
  .tuple(fc.nat({ max: i32Locals - 1 }), expression)
  .map(([local, value]) => () => [...value, 0x21, local]);

const { statements } = fc.letrec<{ statements: Statement; statement: Statement }>((tie) => ({
  statements: fc
    .array(tie("statement"), { maxLength: 4 })
    .map((list) => (depth, leave) => list.flatMap((one) => [...one(depth, leave)])),
  statement: fc.oneof(
    { maxDepth: 4, depthIdentifier: "statement" },
    set,
    expression.map(
      (value): Statement =>
        () => [...value, 0x24, 0],
    ),
    fc.tuple(expression, expression).map(
      ([address, value]): Statement =>
        () =>
          join(address, constant(0xffff), [0x71], value, [0x36, 0, 8]),
    ),
    // A loop that counts down in local 4, its body free to disturb the count.
    fc.tuple(fc.integer({ min: 1, max: 20 }), tie("statements")).map(
      ([rounds, body]): Statement =>
        (depth, leave) =>
          join(
            constant(rounds),
            [0x21, 4, 0x03, 0x40],
            body(depth + 1, leave),
            [0x20, 4],
            constant(1),
            [0x6b, 0x22, 4, 0x0d, 0, 0x0b],
          ),
    ),
    // A loop that goes on while a condition holds, perhaps forever.
    fc.tuple(tie("statements"), expression).map(
      ([body, again]): Statement =>
        (depth, leave) =>
          join([0x03, 0x40], body(depth + 1, leave), again, [0x0d, 0, 0x0b]),
    ),
    tie("statements").map(
      (body): Statement =>
        (depth, leave) => [0x02, 0x40, ...body(depth + 1, leave), 0x0b],
    ),
    fc.tuple(expression, tie("statements"), tie("statements")).map(
      ([condition, then, otherwise]): Statement =>
        (depth, leave) =>
          join(condition, [0x04, 0x40], then(depth + 1, leave), [0x05], otherwise(depth + 1, leave), [0x0b]),
    ),
    // Out of open blocks; the outermost label is the function's, which takes its results.
    fc.tuple(expression, fc.nat()).map(
      ([condition, label]): Statement =>
        (depth) =>
          depth === 0 ? [] : [...condition, 0x0d, label % depth],
    ),
    fc.tuple(expression, fc.array(fc.nat(), { maxLength: 4 }), fc.nat()).map(
      ([index, labels, last]): Statement =>
        (depth) => {
          if (depth === 0) return [];
          const targets = labels.map((label) => label % depth);
          return join([0x02, 0x40], index, [0x0e, targets.length, ...targets, last % depth, 0x0b]);
        },
    ),
    expression.map(
      (condition): Statement =>
        (_depth, leave) =>
          join(condition, [0x04, 0x40], leave, [0x0f, 0x0b]),
    ),
    expression.map(
      (condition): Statement =>
        (depth, leave) =>
          join(condition, [0x04, 0x40], leave, [0x0c], leb(depth + 1), [0x0b]),
    ),
    // memory.fill, memory.copy and memory.init, now and then past the end.
    fc.tuple(expression, expression, fc.constantFrom(0x1ff, 0x3fff, 0x1ffff)).map(
      ([value, size, mask]): Statement =>
        () =>
          join(constant(4096), value, size, constant(mask), [0x71, 0xfc, 0x0b, 0]),
    ),
    expression.map(
      (size): Statement =>
        () =>
          join(constant(1000), constant(40), size, constant(0x7fff), [0x71, 0xfc, 0x0a, 0, 0]),
    ),
    expression.map(
      (size): Statement =>
        () =>
          join(constant(7), constant(0), size, constant(31), [0x71, 0xfc, 0x08, 0, 0]),
    ),
    // table.copy of the table onto itself: the same content, a charge all the same.
    expression.map(
      (size): Statement =>
        () =>
          join(constant(0), constant(0), size, constant(3), [0x71, 0xfc, 0x0e, 0, 0]),
    ),
  ),
}));

const body: fc.Arbitrary<(wide: boolean) => Uint8Array> = fc
  .tuple(statements, expression, expression, fc.integer({ min: 0, max: 9 }))
  .map(([code, result, early, tail]) => (wide: boolean) => {
    const widen = (value: Code): Code => (wide ? [...value, 0x20, 5] : value);
    // Some functions end in a tail call to one of the same results.
    const last = !wide && tail === 0 ? join(result, early, [0x12, 1]) : widen(result);
    const locals = [2, 3, 0x7f, 1, 0x7e];
    const saved = wide ? [0x42, 9, 0x21, 5] : [];
    const counted = join(
      [0x23, 1, 0x45, 0x04, 0x40],
      constant(1),
      wide ? [0x42, 2] : [],
      [0x0f, 0x0b, 0x23, 1],
    );
    const entry = join(counted, constant(1), [0x6b, 0x24, 1]);
    return new Uint8Array(join(locals, saved, entry, code(0, widen(early)), last, [0x0b]));
  });

/** The bytes of a random module that exports its functions as f0 to f4, its memory and its global. */
export const randomModule: fc.Arbitrary<Uint8Array> = fc
  .array(body, { minLength: functionCount, maxLength: functionCount })
  .map((bodies) => {
    const types = [2, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 2, 0x7f, 0x7e];
    const exports = new ByteWriter()
      .u32(functionCount + 2)
      .name("memory")
      .u8(2)
      .u8(0)
      .name("global")
      .u8(3)
      .u8(0);
    const code = new ByteWriter().u32(functionCount);
    bodies.forEach((make, at) => {
      exports.name(`f${at}`).u8(0).u8(at);
      code.sized(make(at === wideFunction));
    });
    return moduleOf(
      [1, new Uint8Array(types)],
      [3, new Uint8Array([functionCount, 0, 0, 0, 0, 1])],
      [4, new Uint8Array([1, 0x70, 1, 4, 4])],
      [5, new Uint8Array([1, 1, 1, 3])],
      [6, new Uint8Array(join([2, 0x7f, 1, 0x41, 5, 0x0b, 0x7f, 1], constant(1000), [0x0b]))],
      [7, exports.copy()],
      [9, new Uint8Array([1, 0, 0x41, 0, 0x0b, 4, 0, 1, 2, 3])],
      [12, new Uint8Array([1])],
      [10, code.copy()],
      [11, new Uint8Array([1, 1, 32, ...Array.from({ length: 32 }, (_, at) => at * 7)])],
    );
  });
