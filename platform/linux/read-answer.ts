// Answers of devices out of JSON that somebody else wrote: a recorded board, or the process that asked them.
import { printable } from "../base/printable.ts";
import {
  type Answer,
  type FrameInterval,
  type PcmDevice,
  refusalCodes,
  type VideoDevice,
  type VideoFormat,
  type VideoSize,
} from "../contract/machine.ts";
import { videoBounds } from "./query-video.ts";
import { refuse } from "./refusal.ts";

/** The most bytes that an answer's JSON may have; the largest that our own bounds allow is half of it. */
export const maxAnswerBytes = 4 * 1024 * 1024;

/** Thrown and caught in here: whatever doesn't hold makes the whole answer unreadable. */
class Unreadable {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** A V4L2 device's answer. Lists that are longer than our bounds are cut, and the answer says so. */
export function readVideoAnswer(value: unknown): Answer<VideoDevice> {
  return readAnswer(value, readVideoDevice);
}

/** A PCM device's answer. */
export function readPcmAnswer(value: unknown): Answer<PcmDevice> {
  return readAnswer(value, readPcmDevice);
}

function readAnswer<T>(value: unknown, read: (fields: Fields) => T): Answer<T> {
  try {
    const answer = fieldsOf(value, "the answer");
    if (answer["ok"] === true) return { ok: true, value: read(fieldsOf(answer["value"], "value")) };
    if (answer["ok"] !== false) throw new Unreadable("ok is neither true nor false");
    const code = refusalCodes.find((known) => known === answer["code"]);
    if (code === undefined) throw new Unreadable("code is none that we know");
    return refuse(code, textOf(answer, "detail", 256));
  } catch (thrown) {
    if (!(thrown instanceof Unreadable)) throw thrown;
    return refuse("unreadable", `the device's answer makes no sense: ${thrown.what}`);
  }
}

function readVideoDevice(fields: Fields): VideoDevice {
  let isCut = false;
  const list = <T>(of: Fields, name: string, bound: number, read: (item: unknown) => T): T[] => {
    const items = of[name];
    if (!Array.isArray(items)) throw new Unreadable(`${name} is no list`);
    if (items.length > bound) isCut = true;
    return items.slice(0, bound).map(read);
  };
  const readIntervals = (of: Fields) => list(of, "intervals", videoBounds.intervals, readInterval);
  const readFormat = (item: unknown): VideoFormat => {
    const format = fieldsOf(item, "a format");
    return {
      fourcc: textOf(format, "fourcc", 8, false),
      description: textOf(format, "description", 32),
      isCompressed: flagOf(format, "isCompressed"),
      sizes: list(format, "sizes", videoBounds.sizes, (size) => readSize(size, readIntervals)),
    };
  };
  const device = {
    driver: textOf(fields, "driver", 16),
    card: textOf(fields, "card", 32),
    busInfo: textOf(fields, "busInfo", 32),
    capabilities: numberOf(fields, "capabilities"),
    captureFormats: list(fields, "captureFormats", videoBounds.formats, readFormat),
    outputFormats: list(fields, "outputFormats", videoBounds.formats, readFormat),
    inputs: list(fields, "inputs", videoBounds.inputs, (item) => lineOf(item, "an input", 32)),
  };
  return { ...device, isTruncated: flagOf(fields, "isTruncated") || isCut };
}

function readSize(item: unknown, readIntervals: (of: Fields) => FrameInterval[]): VideoSize {
  const size = fieldsOf(item, "a size");
  const intervals = readIntervals(size);
  const pixels = (name: string) => numberOf(size, name);
  if (size["kind"] === "discrete")
    return { kind: "discrete", width: pixels("width"), height: pixels("height"), intervals };
  if (size["kind"] !== "stepwise") throw new Unreadable("kind is neither discrete nor stepwise");
  return {
    kind: "stepwise",
    minWidth: pixels("minWidth"),
    maxWidth: pixels("maxWidth"),
    stepWidth: pixels("stepWidth"),
    minHeight: pixels("minHeight"),
    maxHeight: pixels("maxHeight"),
    stepHeight: pixels("stepHeight"),
    intervals,
  };
}

function readInterval(item: unknown): FrameInterval {
  const interval = fieldsOf(item, "an interval");
  return { numerator: numberOf(interval, "numerator"), denominator: numberOf(interval, "denominator") };
}

function readPcmDevice(fields: Fields): PcmDevice {
  const formats = fields["formats"];
  if (!Array.isArray(formats)) throw new Unreadable("formats is no list");
  return {
    id: textOf(fields, "id", 64),
    name: textOf(fields, "name", 80),
    formats: formats.slice(0, 64).map((item) => lineOf(item, "a format", 32)),
    minChannels: numberOf(fields, "minChannels"),
    maxChannels: numberOf(fields, "maxChannels"),
    minRate: numberOf(fields, "minRate"),
    maxRate: numberOf(fields, "maxRate"),
  };
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Unreadable(`${what} is no object`);
  return value as Fields;
}

/** A 32-bit unsigned number, as all of the kernel's are. */
function numberOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new Unreadable(`${name} is no number of 32 bits`);
}

function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === "boolean") return value;
  throw new Unreadable(`${name} is neither true nor false`);
}

function textOf(fields: Fields, name: string, maxLength: number, isTrimmed = true): string {
  return lineOf(fields[name], name, maxLength, isTrimmed);
}

/** Four characters of a format may end in spaces, which must stay. */
function lineOf(value: unknown, what: string, maxLength: number, isTrimmed = true): string {
  if (typeof value !== "string") throw new Unreadable(`${what} is no text`);
  return isTrimmed ? printable(value, maxLength) : value.slice(0, maxLength).replaceAll(/[^ -~]/g, "?");
}
