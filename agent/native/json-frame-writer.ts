// Frames as JSON text: a line a frame (NDJSON), or one array of the same objects.
import type { Frame } from "../node/frame.ts";
import type { ByteTarget } from "./byte-target.ts";
import { formatFrameLine } from "./frame-line.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { sha256Hex } from "./sha256-hex.ts";

const encoder = new TextEncoder();

export interface JsonFrameWriterOptions {
  /** Whether frames carry their bytes, in base64. */
  readonly raw: boolean;
  /** One array instead of lines. */
  readonly array: boolean;
}

/** Writes to `target`, which it closes. @see formatFrameLine for the lines and their errors */
export function jsonFrameWriter(target: ByteTarget, options: JsonFrameWriterOptions): FrameWriter {
  let count = 0;
  const put = (text: string) => target.write(encoder.encode(text));
  return {
    async write(frame: Frame, node: string | undefined): Promise<void> {
      const line = formatFrameLine(frame, { raw: options.raw, node, sha256: sha256Hex });
      const before = options.array ? (count === 0 ? "[\n" : ",\n") : "";
      count++;
      await put(options.array ? before + line : `${line}\n`);
    },
    async close(): Promise<void> {
      if (options.array) await put(count === 0 ? "[]\n" : "\n]\n");
      await target.close();
    },
    abort: () => target.abort(),
  };
}
