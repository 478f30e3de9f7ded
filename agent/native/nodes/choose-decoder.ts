// Which hardware decodes a codec here. Pure.
import type { HardwareCodec } from "../../../platform/contract/board-facts.ts";
import type { HardwareDecoder, HardwareDecoding } from "../../../platform/contract/media-capture.ts";

/** The first that the machine has is taken. */
const order: readonly HardwareDecoding[] = ["nvdec", "v4l2m2m", "v4l2request", "vaapi"];

/** Undefined where nothing but software decodes it, or hardware isn't wished for. */
export function chooseDecoder(
  codec: string,
  wish: "auto" | "off",
  found: readonly HardwareCodec[],
): HardwareDecoder | undefined {
  if (wish === "off") return undefined;
  for (const api of order) {
    const known = found.find((one) => one.api === api && one.codec === codec && one.direction === "decode");
    if (known === undefined) continue;
    return known.implementation === undefined
      ? { api, codec }
      : { api, codec, implementation: known.implementation };
  }
  return undefined;
}
