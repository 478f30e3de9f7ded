// Golden files: nodes/<folder>/golden/<case>.ndjson, what goes into a node and what comes out, a line each.
// {"open":params}, {"in":frame} and {"flush":true} are calls; {"out":frame} lines are what the call above gave.
import type { ElementType, Frame, Payload } from "../../agent/node/frame.ts";
import type { LoadedNode } from "./load-node.ts";

/** Bytes as numbers a person can read, by payload. */
type Numbers = "uint8" | "int16" | "int32" | "float32" | "float64";

interface FrameText {
  readonly port: string;
  readonly pts: number;
  readonly payload: Payload;
  readonly json?: unknown;
  readonly text?: string;
  readonly data?: readonly number[];
}

export type GoldenLine =
  | { readonly open: object }
  | { readonly in: FrameText }
  | { readonly flush: true }
  | { readonly out: FrameText };

export function parseGolden(text: string): GoldenLine[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Makes the file's calls on a fresh node and returns them with what they gave. */
export function replay(lines: readonly GoldenLine[], node: LoadedNode): GoldenLine[] {
  return lines.flatMap((line): GoldenLine[] => {
    if ("out" in line) return [];
    return [line, ...call(line, node).map((frame) => ({ out: frameText(frame) }))];
  });
}

function call(line: Exclude<GoldenLine, { out: FrameText }>, node: LoadedNode): Frame[] {
  if ("in" in line) return node.process(frameOf(line.in));
  if ("flush" in line) return node.flush();
  node.open(line.open);
  return [];
}

export function frameText({ port, pts, payload, data }: Frame): FrameText {
  if (payload.kind === "json")
    return { port, pts, payload, json: JSON.parse(new TextDecoder().decode(data)) };
  if (payload.kind === "text") return { port, pts, payload, text: new TextDecoder().decode(data) };
  return { port, pts, payload, data: toNumbers(data, numbersOf(payload)) };
}

export function frameOf({ port, pts, payload, json, text, data }: FrameText): Frame {
  const bytes =
    data === undefined
      ? new TextEncoder().encode(text ?? JSON.stringify(json))
      : toBytes(data, numbersOf(payload));
  return { port, pts, payload, data: bytes };
}

function numbersOf(payload: Payload): Numbers {
  if (payload.kind === "audio") {
    return ({ s16le: "int16", s32le: "int32", f32le: "float32" } as const)[payload.format];
  }
  if (payload.kind !== "tensor") return "uint8";
  const known: Partial<Record<ElementType, Numbers>> = {
    float32: "float32",
    float64: "float64",
    int32: "int32",
  };
  return known[payload.element] ?? "uint8";
}

const arrays = {
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

function toNumbers(data: Uint8Array, numbers: Numbers): number[] {
  // Seven digits tell every float32 apart from what a change of the node would give, and can be read.
  return Array.from(new arrays[numbers](data.slice().buffer), (x) =>
    numbers === "float32" ? Number(x.toPrecision(7)) : x,
  );
}

function toBytes(values: readonly number[], numbers: Numbers): Uint8Array {
  return new Uint8Array(arrays[numbers].from(values).buffer);
}
