// The world `remotemedia:node/node` as component types and core signatures.
import { elementTypes, pixelFormats, sampleFormats } from "../../node/frame.ts";
import type { ShapeTable } from "./component-type.ts";
import { valueType } from "./value-type.ts";

const { i32, i64 } = valueType;

/** Names of the contract's interfaces as components import them. */
export const worldInterface = {
  log: "remotemedia:node/log@1.0.0",
  types: "remotemedia:node/types@1.0.0",
} as const;

const primitive = { u8: 0x7d, u16: 0x7b, u32: 0x79, s64: 0x78, string: 0x73 } as const;

/** The shapes of the contract's functions in `shapes`.
 * @see nodes/wit/node.wit */
export function worldShape(shapes: ShapeTable) {
  const string = shapes.primitive(primitive.string);
  const u32 = shapes.primitive(primitive.u32);
  const u16 = shapes.primitive(primitive.u16);
  const audio = shapes.record([
    ["rate", u32],
    ["channels", u16],
    ["format", shapes.enum(sampleFormats)],
  ]);
  const video = shapes.record([
    ["width", u32],
    ["height", u32],
    ["format", shapes.enum(pixelFormats)],
  ]);
  const tensor = shapes.record([
    ["element", shapes.enum(elementTypes)],
    ["shape", shapes.list(u32)],
  ]);
  const payload = shapes.variant([
    ["bytes", -1],
    ["text", -1],
    ["json", -1],
    ["audio", audio],
    ["video", video],
    ["tensor", tensor],
    ["encoded", string],
  ]);
  const frame = shapes.record([
    ["port", string],
    ["pts", shapes.primitive(primitive.s64)],
    ["payload", payload],
    ["data", shapes.list(shapes.primitive(primitive.u8))],
  ]);
  const failure = shapes.variant([
    ["invalid-params", string],
    ["bad-input", string],
    ["fatal", string],
  ]);
  const frames = shapes.result(shapes.list(frame), failure);
  return {
    frame,
    failure,
    open: shapes.func([["params", string]], shapes.result(-1, failure)),
    process: shapes.func([["input", frame]], frames),
    flush: shapes.func([], frames),
    write: shapes.func(
      [
        ["level", shapes.enum(["debug", "info", "warn", "error"])],
        ["message", string],
      ],
      -1,
    ),
  };
}

/** Core signatures by the canonical ABI: parameters, then results. Results of more than one value lie in memory. */
export const coreSignature = {
  open: [[i32, i32], [i32]],
  /** port, pts, payload (case, then the joined slots of all cases), data. */
  process: [[i32, i32, i64, i32, i32, i32, i32, i32, i32], [i32]],
  flush: [[], [i32]],
  post: [[i32], []],
  realloc: [[i32, i32, i32, i32], [i32]],
  write: [[i32, i32, i32], []],
} as const;

export type CoreSignature = (typeof coreSignature)[keyof typeof coreSignature];
