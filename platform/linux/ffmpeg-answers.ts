// What FFmpeg prints of itself: version, codecs with their implementations, hardware ways, devices.
import { printable } from "../base/printable.ts";

export interface FfmpegCodecs {
  /** Codecs that FFmpeg does in software. */
  readonly decoders: readonly string[];
  readonly encoders: readonly string[];
  /** Implementations that need hardware, by direction: "h264_v4l2m2m" may be there for one and not for the other. */
  readonly hardware: { readonly decode: ReadonlySet<string>; readonly encode: ReadonlySet<string> };
}

export const oldestMajor = 4;
const maxLines = 4000;
const maxNames = 2000;
const hardwareName =
  /_(v4l2m2m|cuvid|nvdec|nvenc|vaapi|qsv|nvmpi|nvv4l2dec|nvv4l2enc|nvv4l2|rkmpp|rkmppenc|mmal|omx|amf|mediacodec|vulkan|v4l2request)$|^nvenc/;
const codecName = /^[a-z0-9][a-z0-9_.-]{0,63}$/i;

/** The version as printed, and what it was built with; undefined where this isn't FFmpeg's voice. */
export function parseVersion(
  text: string,
): { version: string; isTooOld: boolean; configuration: string } | undefined {
  const version = /^ffmpeg version (\S{1,128})/m.exec(text.slice(0, 4096))?.[1];
  if (version === undefined) return undefined;
  // Builds from the repository are called "N-12345-gabcdef" or "git-…" and are newer than any release that we refuse.
  const major = /^n?(\d{1,4})\./.exec(version)?.[1];
  const configuration = /^ *configuration: ([^\n]{0,16384})/m.exec(text)?.[1] ?? "";
  return {
    version: printable(version),
    isTooOld: major !== undefined && Number(major) < oldestMajor,
    configuration,
  };
}

/** `-codecs`. A codec counts as decoded or encoded where one of its implementations is software: a build whose only H.264 encoder is
 * `h264_vaapi` encodes none without a GPU. */
export function parseCodecs(text: string): FfmpegCodecs | undefined {
  const decoders = new Set<string>();
  const encoders = new Set<string>();
  const hardware = { decode: new Set<string>(), encode: new Set<string>() };
  let isCodecs = false;
  for (const line of text.split("\n", maxLines)) {
    const match = /^ ([D.])([E.])([VA])[I.][L.][S.]\s+(\S+)\s*(.*)$/.exec(line);
    if (match === null || !codecName.test(match[4]!)) continue;
    isCodecs = true;
    const [codec, rest] = [match[4]!, match[5]!];
    if (match[1] === "D") sortOut(codec, namesIn("decoders", rest), decoders, hardware.decode);
    if (match[2] === "E") sortOut(codec, namesIn("encoders", rest), encoders, hardware.encode);
  }
  if (!isCodecs) return undefined;
  // FFmpeg's own decoder of AV1 only drives hardware.
  if (!/\(decoders: [^)\n]*\blib(dav1d|aom-av1|gav1)\b/.test(lineOf(text, "av1"))) decoders.delete("av1");
  return { decoders: bounded(decoders), encoders: bounded(encoders), hardware };
}

/** Names in `(decoders: h264 h264_cuvid )`; where there is no such list the codec's only implementation has its name. */
function namesIn(kind: string, rest: string): string[] | undefined {
  const list = new RegExp(`\\(${kind}: ([^)]{0,2000})\\)`).exec(rest)?.[1];
  return list?.split(/\s+/).filter((name) => codecName.test(name));
}

function sortOut(
  codec: string,
  names: string[] | undefined,
  software: Set<string>,
  hardware: Set<string>,
): void {
  const all = names ?? [codec];
  for (const name of all) if (hardwareName.test(name)) hardware.add(name);
  if (all.some((name) => !hardwareName.test(name))) software.add(codec);
}

function lineOf(text: string, codec: string): string {
  const start = new RegExp(`^ [D.][E.][VA]...\\s+${codec}\\s`, "m").exec(text)?.index;
  return start === undefined ? "" : text.slice(start, start + 4096).split("\n", 1)[0]!;
}

/** `-hwaccels`: one name a line below the title. */
export function parseHwaccels(text: string): string[] {
  const names = text.split("\n", 100).map((line) => line.trim());
  return [...new Set(names)].filter((name) => codecName.test(name));
}

/** `-devices`: what can be opened for input and for output. Some have two names: "video4linux2,v4l2". */
export function parseDevices(text: string): { input: string[]; output: string[] } {
  const input = new Set<string>();
  const output = new Set<string>();
  for (const line of text.split("\n", maxLines)) {
    const match = /^ ([D ])([E ])[ d]? +([a-z0-9_,]{1,128})(?: |$)/.exec(line);
    if (match === null) continue;
    for (const name of match[3]!.split(",").filter(Boolean)) {
      if (match[1] === "D") input.add(name);
      if (match[2] === "E") output.add(name);
    }
  }
  return { input: bounded(input), output: bounded(output) };
}

function bounded(names: ReadonlySet<string>): string[] {
  return [...names].slice(0, maxNames);
}
