// Codecs of V4L2 memory-to-memory devices: Raspberry Pi, Rockchip, NXP, Qualcomm, …
import { printable } from "../base/printable.ts";
import type { Absence, HardwareCodec } from "../contract/board-facts.ts";
import type { VideoFormat } from "../contract/machine.ts";
import { distinct, type HardwareSeen } from "./hardware-seen.ts";
import { mendPermission } from "./mend-permission.ts";
import { isNamedLikeCodec, type VideoNode, videoRole } from "./video-node.ts";

/** Formats of stateful codecs, which take whole streams.
 * @see https://docs.kernel.org/userspace-api/media/v4l/pixfmt-compressed.html */
const streamFormats: Readonly<Record<string, string>> = {
  H264: "h264",
  AVC1: "h264",
  HEVC: "hevc",
  VP80: "vp8",
  VP90: "vp9",
  AV01: "av1",
  MPG1: "mpeg1video",
  MPG2: "mpeg2video",
  MPG4: "mpeg4",
  XVID: "mpeg4",
  H263: "h263",
  VC1G: "vc1",
  MJPG: "mjpeg",
  JPEG: "mjpeg",
};

/** Formats of stateless codecs, which take parsed slices by the request API; they only decode. */
const sliceFormats: Readonly<Record<string, string>> = {
  S264: "h264",
  S265: "hevc",
  MG2S: "mpeg2video",
  VP8F: "vp8",
  VP9F: "vp9",
  AV1F: "av1",
};

/** What the nodes that convert take and give: compressed in is a decoder, compressed out an encoder. */
export function seeV4l2Codecs(nodes: readonly VideoNode[]): HardwareSeen {
  const codecs = nodes.flatMap((node) => {
    if (!node.answer.ok || videoRole(node.answer.value) !== "codec") return [];
    const { captureFormats, outputFormats } = node.answer.value;
    return [...list(outputFormats, "decode", node.path), ...list(captureFormats, "encode", node.path)];
  });
  return { codecs: distinct(codecs), absences: explainRefused(nodes) };
}

function list(
  formats: readonly VideoFormat[],
  direction: HardwareCodec["direction"],
  device: string,
): HardwareCodec[] {
  return formats.flatMap(({ fourcc }): HardwareCodec[] => {
    const whole = Object.hasOwn(streamFormats, fourcc) ? streamFormats[fourcc] : undefined;
    if (whole !== undefined) return [{ codec: whole, direction, api: "v4l2m2m", device }];
    const slices = Object.hasOwn(sliceFormats, fourcc) ? sliceFormats[fourcc] : undefined;
    if (slices === undefined || direction === "encode") return [];
    return [{ codec: slices, direction, api: "v4l2request", device }];
  });
}

/** A codec's node is known by its name alone where it can't be asked. */
function explainRefused(nodes: readonly VideoNode[]): Absence[] {
  const refused = nodes.flatMap((node) =>
    node.answer.ok || node.file === undefined || !isNamedLikeCodec(node.label)
      ? []
      : [{ ...node, code: node.answer.code }],
  );
  const byCode = Map.groupBy(refused, ({ code }) => code);
  return [...byCode].map(([code, group]) => ({
    about: "codecs",
    code,
    detail: `Hardware codecs that can't be asked: ${group
      .slice(0, 4)
      .map(({ path, label }) => `${path} (${printable(label, 40)})`)
      .join(", ")}${group.length > 4 ? ` and ${group.length - 4} more` : ""}.`,
    mend: code === "no-permission" ? mendPermission(group[0]!.path, group[0]!.file) : undefined,
  }));
}
