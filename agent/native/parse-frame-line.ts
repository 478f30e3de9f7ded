// A JSON value of an input into a frame: a line of our own output as the frame it was, any other value as a JSON frame. Web-standard.
import type { Frame, Payload } from "../node/frame.ts";
import { elementTypes, pixelFormats, sampleFormats } from "../node/frame.ts";
import { payloadProblem } from "../node/payload-check.ts";
import { memberBytes, readJson, trimJson } from "./json-text.ts";

export type ParsedLine = { readonly frame: Frame } | { readonly problem: string; readonly hint?: string };

export interface PlainValue {
  /** Port and time of a value that isn't a frame's line. */
  readonly port: string;
  readonly pts: number;
  /** The digest of data, in hexadecimal. */
  readonly sha256: (data: Uint8Array) => string;
}

/** Reads one JSON value; never throws.
 *
 * It is a frame's line exactly if it is an object with a string `port`, a whole number `pts` and at least one of `json`, `text` and
 * `type`; then it must be a whole and true one: an unknown or missing field, or bytes that don't fit, is a problem.
 * Every other value is a JSON frame itself, with its bytes as they were written. */
export function parseFrameLine(bytes: Uint8Array, plain: PlainValue): ParsedLine {
  const json = readJson(bytes);
  if ("problem" in json) return json;
  if (!isFrameLine(json.value)) {
    return { frame: { port: plain.port, pts: plain.pts, payload: { kind: "json" }, data: trimJson(bytes) } };
  }
  const { port, pts, node, ...rest } = json.value;
  if (node !== undefined && typeof node !== "string") return { problem: "its node is no string" };
  const content = readContent(rest, bytes, plain.sha256);
  if ("problem" in content) return content;
  const lie = payloadProblem(content.payload, content.data);
  return lie === undefined ? { frame: { port, pts, ...content } } : { problem: `it is ${lie}` };
}

type FrameLine = { readonly port: string; readonly pts: number } & Readonly<Record<string, unknown>>;

function isFrameLine(value: unknown): value is FrameLine {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const line = value as Record<string, unknown>;
  const has = (key: string) => Object.hasOwn(line, key);
  return (
    has("port") &&
    typeof line["port"] === "string" &&
    has("pts") &&
    Number.isSafeInteger(line["pts"]) &&
    (has("json") || has("text") || has("type"))
  );
}

type Content = Pick<Frame, "payload" | "data"> | { readonly problem: string; readonly hint?: string };

function readContent(
  fields: Readonly<Record<string, unknown>>,
  line: Uint8Array,
  sha256: PlainValue["sha256"],
): Content {
  if (Object.hasOwn(fields, "json")) {
    return unknownField(fields, ["json"]) ?? { payload: { kind: "json" }, data: memberBytes(line, "json")! };
  }
  if (Object.hasOwn(fields, "text")) return unknownField(fields, ["text"]) ?? readText(fields["text"]);
  const payload = readPayload(fields);
  if ("problem" in payload) return payload;
  const { kind: _, ...named } = payload;
  const problem = unknownField(fields, [...Object.keys(named), "type", "bytes", "sha256", "base64"]);
  return problem ?? readBytes(fields, payload, sha256);
}

function unknownField(fields: Readonly<Record<string, unknown>>, known: readonly string[]) {
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  return unknown === undefined
    ? undefined
    : {
        problem: `a frame's line has no field ${JSON.stringify(unknown.slice(0, 80))} beside ${known.join(", ")}`,
      };
}

function readText(text: unknown): Content {
  if (typeof text !== "string" || !text.isWellFormed())
    return { problem: "its text is no well-formed string" };
  return { payload: { kind: "text" }, data: new TextEncoder().encode(text) };
}

function readBytes(
  fields: Readonly<Record<string, unknown>>,
  payload: Payload,
  sha256: PlainValue["sha256"],
): Content {
  const { base64, bytes } = fields;
  if (typeof base64 !== "string") {
    return { problem: "it names a frame but doesn't carry its bytes", hint: "Write such a file with --raw." };
  }
  const data = decodeBase64(base64);
  if (data === undefined) return { problem: "its base64 can't be read" };
  if (bytes !== undefined && bytes !== data.length)
    return { problem: "its bytes are not as many as it says" };
  if (fields["sha256"] !== undefined && fields["sha256"] !== sha256(data)) {
    return { problem: "its bytes don't have the digest it says" };
  }
  return { payload, data };
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return undefined;
  }
}

function readPayload(fields: Readonly<Record<string, unknown>>): Payload | { readonly problem: string } {
  const { type, rate, channels, format, width, height, element, shape, codec } = fields;
  switch (type) {
    case "bytes":
      return { kind: "bytes" };
    case "audio":
      if (!isSize(rate) || !isSize(channels) || !isOneOf(sampleFormats, format)) break;
      return { kind: "audio", rate, channels, format };
    case "video":
      if (!isSize(width) || !isSize(height) || !isOneOf(pixelFormats, format)) break;
      return { kind: "video", width, height, format };
    case "tensor":
      if (!isOneOf(elementTypes, element) || !isShape(shape)) break;
      return { kind: "tensor", element, shape };
    case "encoded":
      if (typeof codec !== "string" || !/^[\w.-]{1,64}$/.test(codec)) break;
      return { kind: "encoded", codec };
    default:
      return { problem: "its type is none of bytes, audio, video, tensor, encoded" };
  }
  return { problem: `it doesn't say what ${type} it is` };
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
}

function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= 32 && value.every(isSize);
}

function isOneOf<T extends string>(names: readonly T[], value: unknown): value is T {
  return names.includes(value as T);
}
