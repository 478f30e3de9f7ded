// JSON and NDJSON byte streams into frames. Web-standard.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame } from "../node/frame.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { byteOrderMark, type JsonItem, maxItemBytes, splitJsonItems } from "./json-items.ts";
import { trimJson } from "./json-text.ts";
import { parseFrameLine } from "./parse-frame-line.ts";

export interface JsonReadOptions {
  /** The port of values that are not a frame's line. */
  readonly port: string;
  /** The digest of data, in hexadecimal. */
  readonly sha256: (data: Uint8Array) => string;
  /** For error messages. */
  readonly file?: string | undefined;
}

/** A frame and the line of the input it began on, from 1. */
export interface LocatedFrame {
  readonly frame: Frame;
  readonly line: number;
}

/** The frames of one JSON document: an array's items, or the one other value. A value that isn't a frame's line has the time
 * of the frame before it plus 1 µs, the first one 0: an array's items have their index.
 * Throws `input-invalid` with the line. */
export async function* readJsonFrames(
  bytes: AsyncIterable<Uint8Array>,
  options: JsonReadOptions,
): AsyncGenerator<LocatedFrame> {
  yield* toFrames(splitJsonItems(bytes, options.file), "item", options);
}

/** The frames of NDJSON, a value a line; blank lines are passed over. Times and errors as in `readJsonFrames`. */
export async function* readNdjsonFrames(
  bytes: AsyncIterable<Uint8Array>,
  options: JsonReadOptions,
): AsyncGenerator<LocatedFrame> {
  yield* toFrames(splitLines(bytes, options.file), "line", options);
}

async function* toFrames(
  items: AsyncIterable<JsonItem>,
  what: "item" | "line",
  options: JsonReadOptions,
): AsyncGenerator<LocatedFrame> {
  let pts = 0;
  for await (const { bytes, line } of items) {
    const parsed = parseFrameLine(bytes, { port: options.port, pts, sha256: options.sha256 });
    if ("problem" in parsed) {
      throw new RemoteMediaError("input-invalid", `Line ${line} can't be read: ${parsed.problem}.`, {
        where: { ...(options.file === undefined ? {} : { file: options.file }), line },
        hint: parsed.hint ?? `Every ${what} is one JSON value in UTF-8.`,
      });
    }
    yield { frame: parsed.frame, line };
    pts = Math.min(parsed.frame.pts + 1, Number.MAX_SAFE_INTEGER);
  }
}

async function* splitLines(bytes: AsyncIterable<Uint8Array>, file?: string): AsyncGenerator<JsonItem> {
  const cursor = new ByteCursor(bytes);
  try {
    for (let line = 1; ; line++) {
      const taken = await cursor.takeLine(maxItemBytes);
      if (taken === undefined) return;
      if (taken === "too-long") {
        throw new RemoteMediaError("input-invalid", `Line ${line} is longer than 64 MiB.`, {
          where: { ...(file === undefined ? {} : { file }), line },
          hint: "Give a JSON value a line.",
        });
      }
      const trimmed = trimJson(line === 1 ? withoutMark(taken) : taken);
      if (trimmed.length > 0) yield { bytes: trimmed, line };
    }
  } finally {
    await cursor.release();
  }
}

/** Without the byte order mark that some editors write first. */
function withoutMark(line: Uint8Array): Uint8Array {
  return byteOrderMark.every((byte, index) => line[index] === byte)
    ? line.subarray(byteOrderMark.length)
    : line;
}
