// FileSink: pictures and sound into a media file, or into one file after another.
import { z } from "zod";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import type { NativeNodeType } from "../node-type.ts";
import { MediaFileWriter } from "../sinks/media-file-writer.ts";
import { badPath, checkPlace, extensionOf, isNumbered, isTaken } from "../sinks/output-path.ts";
import { writerSink } from "../writer-sink.ts";
import { readParams } from "./read-params.ts";
import { describeParams } from "./source-params.ts";

const codec = z
  .string()
  .regex(/^[a-z0-9_-]{1,32}$/, "a codec's name, for example h264")
  .optional();

export const fileSinkParams = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(4096)
    .describe(
      "A file that ends in .mp4, .mov, .mkv, .webm, .ts, .wav, .flac, .ogg or .mp3, relative to the folder that the run was started in; with `segment_seconds` a pattern such as `clip-%05d.mp4`. Its folder must exist.",
    ),
  segment_seconds: z
    .number()
    .min(0.1)
    .max(86_400)
    .optional()
    .describe("Begins a new file after so many seconds, at a key frame; also where the format changes."),
  keep_segments: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("Keeps only so many files, the newest; those of earlier runs count. Without it all are kept."),
  video_codec: codec.describe("By FFmpeg's name; without it h264, in WebM vp9."),
  audio_codec: codec.describe("By FFmpeg's name; without it what the container usually holds."),
  video_kbps: z
    .number()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("Thousand bits a second of the pictures; without it the encoder's usual quality."),
  overwrite: z
    .boolean()
    .default(false)
    .describe("Whether a file that is there already is replaced. Segments never replace one: they count on."),
});

type FileSinkParams = z.infer<typeof fileSinkParams>;

/** The codecs that are taken where none is named, by extension. */
const usualCodecs: Readonly<Record<string, { readonly video?: string; readonly audio: string }>> = {
  mp4: { video: "h264", audio: "aac" },
  mov: { video: "h264", audio: "aac" },
  mkv: { video: "h264", audio: "aac" },
  ts: { video: "h264", audio: "aac" },
  webm: { video: "vp9", audio: "opus" },
  wav: { audio: "pcm_s16le" },
  flac: { audio: "flac" },
  ogg: { audio: "opus" },
  mp3: { audio: "mp3" },
};

export const fileSinkDescriptor: NodeDescriptor = {
  name: "FileSink",
  version: "1.0.0",
  summary: "Records pictures and sound into a media file, or into one file after another.",
  inputs: {
    video: { kinds: ["video"], required: false, description: "Pictures; of one size and layout a file." },
    audio: { kinds: ["audio"], required: false, description: "Sound; of one rate and layout a file." },
  },
  outputs: {},
  params: describeParams(fileSinkParams),
  limits: {},
  needs: {},
  stateful: true,
};

export const fileSink: NativeNodeType = {
  descriptor: fileSinkDescriptor,
  async openSink(given, { node, connected, encoder }) {
    const params = readParams(fileSinkParams, given, node);
    const usual = checkParams(params, node);
    const ports = ["video", "audio"].filter((port) => connected?.has(port) ?? true);
    if (usual.video === undefined && connected?.has("video")) {
      throw badPath(node, "is of a kind that holds no pictures", "End it in .mp4 or .mkv.");
    }
    const { path, segment_seconds, keep_segments, video_kbps } = params;
    const output = {
      kind: "file",
      path,
      segmentSeconds: segment_seconds,
      keepSegments: keep_segments,
      videoCodec: params.video_codec ?? usual.video ?? "h264",
      audioCodec: params.audio_codec ?? usual.audio,
      videoBitrate: video_kbps === undefined ? undefined : Math.round(video_kbps * 1000),
    } as const;
    const isSegmented = segment_seconds !== undefined;
    const awaited = usual.video === undefined ? ["audio"] : ports;
    return writerSink(new MediaFileWriter({ node, output, ports: awaited, isSegmented }, encoder), false);
  },
};

function checkParams({ path, segment_seconds, keep_segments, overwrite }: FileSinkParams, node: string) {
  const extension = extensionOf(path);
  const usual = Object.hasOwn(usualCodecs, extension) ? usualCodecs[extension] : undefined;
  if (usual === undefined) {
    const known = Object.keys(usualCodecs).map((name) => `.${name}`);
    throw badPath(
      node,
      "has no extension of a container that can be written",
      `End it in ${known.join(", ")}.`,
    );
  }
  const numbered = isNumbered(path, node);
  if (numbered !== (segment_seconds !== undefined)) {
    throw numbered
      ? badPath(node, "has a number's place, but segment_seconds is missing", "Give segment_seconds.")
      : badPath(node, "has no place for the segments' number", "Write %05d in it, as in clip-%05d.mp4.");
  }
  if (keep_segments !== undefined && segment_seconds === undefined) {
    throw new RemoteMediaError(
      "node-invalid-params",
      `Param keep_segments of ${node} needs segment_seconds.`,
      {
        where: { node, path: "params.keep_segments" },
      },
    );
  }
  checkPlace(path, node);
  if (!numbered && !overwrite && isTaken(path)) {
    throw badPath(node, "is there already", "Give another one, or overwrite: true.");
  }
  return usual;
}
