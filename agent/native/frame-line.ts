// A frame as one line of JSON, and back: what NDJSON and JSON outputs hold and inputs may hold. Web-standard.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame } from "../node/frame.ts";
import { decodeUtf8, readJson } from "./json-text.ts";

export interface FrameLineOptions {
  /** Whether a frame of neither JSON nor text carries its bytes. */
  readonly raw: boolean;
  /** The node that the frame left; named in the line where it is given. */
  readonly node?: string | undefined;
  /** The digest of the data, in hexadecimal. */
  readonly sha256: (data: Uint8Array) => string;
}

/** One line, without its line feed: `{"port":…,"pts":…,…}` as the commands' contract has it. A JSON payload stands in it as the
 * node wrote it, less line breaks, so that no digit of a number is lost.
 * Throws `node-bad-output` for a JSON payload that isn't one JSON value and a text that isn't UTF-8: a node is not trusted to
 * write either. */
export function formatFrameLine(frame: Frame, options: FrameLineOptions): string {
  const node = options.node === undefined ? "" : `"node":${JSON.stringify(options.node)},`;
  const head = `{${node}"port":${JSON.stringify(frame.port)},"pts":${frame.pts},`;
  return escapeControls(`${head}${formatPayload(frame, options)}}`);
}

function formatPayload(frame: Frame, options: FrameLineOptions): string {
  const { payload, data } = frame;
  if (payload.kind === "json") {
    const json = readJson(data);
    if ("problem" in json) throw badOutput(frame, `a JSON frame: ${json.problem}`, options);
    // In valid JSON a literal line break or tab stands between tokens only.
    return `"json":${json.text.replace(/[\n\r\t]/g, "")}`;
  }
  if (payload.kind === "text") {
    const text = decodeUtf8(data);
    if (text === undefined) throw badOutput(frame, "a text frame that is not UTF-8", options);
    return `"text":${JSON.stringify(text)}`;
  }
  const { kind, ...rest } = payload;
  const fields = { type: kind, ...rest, bytes: data.length, sha256: options.sha256(data) };
  return JSON.stringify(options.raw ? { ...fields, base64: data.toBase64() } : fields).slice(1, -1);
}

/** Escapes what JSON lets stand in a string and a terminal obeys, or a line reader takes for a line's end. */
function escapeControls(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function badOutput(frame: Frame, what: string, options: FrameLineOptions): RemoteMediaError {
  return new RemoteMediaError("node-bad-output", `The output got ${what}.`, {
    where: { port: frame.port, ...(options.node === undefined ? {} : { node: options.node }) },
    hint: "The node that wrote it is at fault.",
  });
}
