// Which file is read and written how: by its extension.

/** How an input is read. `media` is everything else that FFmpeg knows. */
export type InputFormat = "wav" | "json" | "ndjson" | "media";
export type OutputFormat = "wav" | "json" | "ndjson";

const extensions: Readonly<Record<string, OutputFormat>> = {
  wav: "wav",
  wave: "wav",
  bwf: "wav",
  rf64: "wav",
  json: "json",
  ndjson: "ndjson",
  jsonl: "ndjson",
};

/** The format of an input; "-" is NDJSON. */
export function inputFormat(path: string): InputFormat {
  return knownFormat(path) ?? "media";
}

/** The format of an output; "-" is NDJSON, and so is a device or a pipe. Undefined for an extension that can't be written. */
export function outputFormat(path: string): OutputFormat | undefined {
  return knownFormat(path) ?? (/^\/dev\//.test(path) ? "ndjson" : undefined);
}

/** The extensions that can be written, for messages. */
export const writableExtensions = Object.keys(extensions).map((extension) => `.${extension}`);

function knownFormat(path: string): OutputFormat | undefined {
  if (path === "-") return "ndjson";
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase();
  return extension !== undefined && Object.hasOwn(extensions, extension) ? extensions[extension] : undefined;
}
