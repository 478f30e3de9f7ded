// A byte stream of PAM pictures one after another, as the decoder gives it, into video frames. Web-standard.
// @see netpbm, pam(5)
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame, PixelFormat } from "../node/frame.ts";
import { pictureBytes } from "../node/payload-check.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { brokenPicture, checkSides, type PictureReadOptions, pictureTimeUs } from "./y4m-reader.ts";

const maxLineBytes = 256;
const maxLines = 32;
const formatByDepth: Readonly<Record<string, PixelFormat>> = { "1": "gray8", "3": "rgb24", "4": "rgba32" };

export interface PamReadOptions extends PictureReadOptions {
  /** Pictures a second; the stream itself doesn't say. */
  readonly frameRate: { readonly numerator: number; readonly denominator: number };
}

/** The pictures of a PAM stream, as rgb24, rgba32 or gray8; `pts` is counted from 0 at `frameRate`.
 * Throws `input-invalid` for another stream and `input-broken` where it ends within a picture. */
export async function* readPam(
  bytes: AsyncIterable<Uint8Array>,
  options: PamReadOptions,
): AsyncGenerator<Frame> {
  const cursor = new ByteCursor(bytes);
  try {
    for (let count = 0; ; count++) {
      const header = await readHeader(cursor, options.file);
      if (header === undefined) return;
      const size = pictureBytes(header.width, header.height, header.format);
      const data = cursor.tryTake(size) ?? (await cursor.take(size));
      if (data.length < size) throw brokenPicture(size, data.length, options.file);
      const payload = { kind: "video", ...header } as const;
      yield { port: options.port, pts: pictureTimeUs(count, options.frameRate), payload, data };
    }
  } finally {
    await cursor.release();
  }
}

async function readHeader(cursor: ByteCursor, file: string | undefined) {
  const magic = await readLine(cursor);
  if (magic === undefined) return undefined;
  const fields = new Map<string, string>();
  if (magic !== "P7") throw invalid(file);
  for (let count = 0; ; count++) {
    const line = await readLine(cursor);
    if (line === undefined || count === maxLines) throw invalid(file);
    if (line === "ENDHDR") break;
    const [name, value] = line.split(" ");
    fields.set(name!, value ?? "");
  }
  const format = formatByDepth[fields.get("DEPTH") ?? ""];
  if (format === undefined || fields.get("MAXVAL") !== "255") throw invalid(file);
  const width = Number(fields.get("WIDTH"));
  const height = Number(fields.get("HEIGHT"));
  checkSides(width, height, file);
  return { width, height, format };
}

async function readLine(cursor: ByteCursor): Promise<string | undefined> {
  const line = await cursor.takeLine(maxLineBytes);
  return line === undefined ? undefined : line === "too-long" ? "" : String.fromCharCode(...line);
}

function invalid(file: string | undefined): RemoteMediaError {
  return new RemoteMediaError(
    "input-invalid",
    "The decoded video can't be read: it is no 8-bit PAM picture.",
    file === undefined ? {} : { where: { file } },
  );
}
