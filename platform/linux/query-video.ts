// queryVideo: asks an open V4L2 device for all that it can do, within bounds.
import type { FrameInterval, VideoDevice, VideoFormat, VideoSize } from "../contract/machine.ts";
import type { OpenDevice } from "./device-file.ts";
import {
  decodeCapability,
  decodeFormat,
  decodeInput,
  decodeInterval,
  decodeSize,
  encodeFormatQuestion,
  encodeInputQuestion,
  encodeIntervalQuestion,
  encodeSizeQuestion,
  hasBits,
  videoCapabilities,
  videoQueues,
  videoRequests,
} from "./video-structs.ts";

/** The most of each thing that is asked for; `questions` bounds the whole. */
export const videoBounds = { formats: 64, sizes: 512, intervals: 64, inputs: 32, questions: 16_384 } as const;

type Question = keyof typeof videoRequests;

/** What the device says, or the error number of its first answer. */
export function queryVideo(device: Pick<OpenDevice, "ioctl">): VideoDevice | number {
  const asker = createAsker(device);
  const capability = asker.view("QUERYCAP");
  const errno = asker.ask("QUERYCAP");
  if (errno !== 0) return errno;
  const { capabilities, ...names } = decodeCapability(capability);
  const has = (bits: number) => hasBits(capabilities, bits);
  const capture: number[] = [];
  const output: number[] = [];
  const { captures, outputs, capturesPlanes, outputsPlanes, converts, convertsPlanes } = videoCapabilities;
  if (has(captures) || has(converts)) capture.push(videoQueues.capture);
  if (has(capturesPlanes) || has(convertsPlanes)) capture.push(videoQueues.capturePlanes);
  if (has(outputs) || has(converts)) output.push(videoQueues.output);
  if (has(outputsPlanes) || has(convertsPlanes)) output.push(videoQueues.outputPlanes);
  const captureFormats = listFormats(asker, capture, true);
  const outputFormats = listFormats(asker, output, false);
  const inputs = capture.length === 0 ? [] : listInputs(asker);
  const isTruncated = asker.isTruncated();
  return { ...names, capabilities, captureFormats, outputFormats, inputs, isTruncated };
}

/** Asks with one buffer a question, and counts. */
function createAsker(device: Pick<OpenDevice, "ioctl">) {
  const views = new Map<Question, DataView>();
  let left: number = videoBounds.questions;
  let isTruncated = false;
  const view = (question: Question) => {
    const known = views.get(question) ?? new DataView(new ArrayBuffer(videoRequests[question].size));
    views.set(question, known);
    return known;
  };
  const ask = (question: Question) => device.ioctl(videoRequests[question].request, bytesOf(view(question)));
  return {
    view,
    ask,
    isTruncated: () => isTruncated,
    /** Asks by number until the device has no more, at most `bound` times. */
    *count(question: Question, bound: number, encode: (view: DataView, index: number) => void) {
      for (let index = 0; ; index++) {
        if (left === 0) {
          isTruncated = true;
          return;
        }
        left--;
        encode(view(question), index);
        if (ask(question) !== 0) return;
        if (index === bound) {
          isTruncated = true;
          return;
        }
        yield view(question);
      }
    },
  };
}

type Asker = ReturnType<typeof createAsker>;

function listFormats(asker: Asker, queues: readonly number[], withSizes: boolean): VideoFormat[] {
  const formats: VideoFormat[] = [];
  for (const queue of queues) {
    const bound = videoBounds.formats - formats.length;
    const encode = (view: DataView, index: number) => encodeFormatQuestion(view, index, queue);
    for (const view of asker.count("ENUM_FMT", bound, encode)) {
      const { pixel, ...format } = decodeFormat(view);
      formats.push({ ...format, sizes: withSizes ? listSizes(asker, pixel) : [] });
    }
  }
  return formats;
}

function listSizes(asker: Asker, pixel: number): VideoSize[] {
  const sizes: VideoSize[] = [];
  const encode = (view: DataView, index: number) => encodeSizeQuestion(view, index, pixel);
  for (const view of asker.count("ENUM_FRAMESIZES", videoBounds.sizes, encode)) {
    const size = decodeSize(view);
    if (size.kind === "discrete") {
      sizes.push({ ...size, intervals: listIntervals(asker, pixel, size.width, size.height) });
      continue;
    }
    sizes.push({ ...size, intervals: listIntervals(asker, pixel, size.maxWidth, size.maxHeight) });
    // A range is the whole answer; drivers that don't look at the index would repeat it.
    break;
  }
  return sizes;
}

function listIntervals(asker: Asker, pixel: number, width: number, height: number): FrameInterval[] {
  const found: FrameInterval[] = [];
  const encode = (view: DataView, index: number) => encodeIntervalQuestion(view, index, pixel, width, height);
  for (const view of asker.count("ENUM_FRAMEINTERVALS", videoBounds.intervals, encode)) {
    const { isRange, intervals } = decodeInterval(view);
    found.push(...intervals);
    if (isRange) break;
  }
  return found.sort((a, b) => a.numerator * b.denominator - b.numerator * a.denominator);
}

function listInputs(asker: Asker): string[] {
  const inputs: string[] = [];
  for (const view of asker.count("ENUMINPUT", videoBounds.inputs, encodeInputQuestion))
    inputs.push(decodeInput(view));
  return inputs;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
