// ImageSink: pictures into image files, one after another or one that is replaced.
import { z } from "zod";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { EncodeOutput, MediaEncoder } from "../../../platform/contract/media-capture.ts";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import type { Frame } from "../../node/frame.ts";
import type { FrameWriter } from "../frame-writer.ts";
import type { NativeNodeType } from "../node-type.ts";
import { EncoderFeed, isSameFormat, requireMedia } from "../sinks/encoder-feed.ts";
import { badPath, checkPlace, extensionOf, isNumbered } from "../sinks/output-path.ts";
import { writerSink } from "../writer-sink.ts";
import { readParams } from "./read-params.ts";
import { describeParams } from "./source-params.ts";

export const imageSinkParams = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(4096)
    .describe(
      "A file that ends in .jpg or .png, which is replaced whole by each picture; or a pattern such as `shot-%05d.jpg`, which counts on from the files that are there. Relative to the folder that the run was started in, which must exist.",
    ),
  quality: z.int().min(1).max(100).default(85).describe("Of JPEG, 1 to 100."),
  every_ms: z
    .int()
    .min(0)
    .max(86_400_000)
    .default(1000)
    .describe("Milliseconds between pictures at least; those that come sooner are left out. 0 takes all."),
});

export const imageSinkDescriptor: NodeDescriptor = {
  name: "ImageSink",
  version: "1.0.0",
  summary: "Writes pictures as JPEG or PNG files, numbered or always the same one.",
  inputs: { in: { kinds: ["video"], required: true, description: "Pictures of any size." } },
  outputs: {},
  params: describeParams(imageSinkParams),
  limits: {},
  needs: {},
  stateful: true,
};

export const imageSink: NativeNodeType = {
  descriptor: imageSinkDescriptor,
  async openSink(given, { node, encoder }) {
    const { path, quality, every_ms } = readParams(imageSinkParams, given, node);
    if (!["jpg", "jpeg", "png"].includes(extensionOf(path))) {
      throw badPath(node, "is of no image that can be written", "End it in .jpg or .png.");
    }
    isNumbered(path, node);
    checkPlace(path, node);
    const output = { kind: "images", path, quality } as const;
    return writerSink(new ImageWriter(node, output, every_ms * 1000, encoder), false);
  },
};

class ImageWriter implements FrameWriter {
  readonly #node: string;
  readonly #output: EncodeOutput;
  readonly #everyUs: number;
  readonly #encoder: MediaEncoder;
  #feed: EncoderFeed | undefined;
  #isAborted = false;
  #nextUs = Number.NEGATIVE_INFINITY;

  constructor(node: string, output: EncodeOutput, everyUs: number, encoder: MediaEncoder) {
    this.#node = node;
    this.#output = output;
    this.#everyUs = everyUs;
    this.#encoder = encoder;
  }

  async write(given: Frame): Promise<void> {
    if (given.pts < this.#nextUs) return;
    const frame = requireMedia(given, "video", this.#node);
    this.#nextUs = frame.pts + this.#everyUs;
    const before = this.#feed?.formatOf(frame.port);
    // Another run of the encoder takes the other size; numbers go on.
    if (before !== undefined && !isSameFormat(before, frame.payload)) await this.close();
    if (this.#isAborted) throw new RemoteMediaError("output-closed", "The output was given up.");
    const formats = new Map([[frame.port, frame.payload]]);
    this.#feed ??= new EncoderFeed(this.#encoder.open(this.#output), formats, frame.pts);
    await this.#feed.write(frame);
  }

  async close(): Promise<void> {
    const feed = this.#feed;
    this.#feed = undefined;
    await feed?.close();
  }

  async abort(): Promise<void> {
    this.#isAborted = true;
    await this.#feed?.abort();
  }
}
