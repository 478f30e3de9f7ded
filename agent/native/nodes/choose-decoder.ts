// Which hardware decodes a codec here. Pure.
import type { HardwareCodec } from "../../../platform/contract/board-facts.ts";
import type { HardwareDecoding } from "../../../platform/contract/media-capture.ts";

/** The first that the machine has is taken. */
const order: readonly HardwareDecoding[] = ["nvdec", "v4l2m2m", "vaapi"];

export interface ChosenDecoder {
  readonly api: HardwareDecoding;
  readonly codec: string;
}

/** Undefined where nothing but software decodes it, or hardware isn't wished for. */
export function chooseDecoder(
  codec: string,
  wish: "auto" | "off",
  found: readonly HardwareCodec[],
): ChosenDecoder | undefined {
  if (wish === "off") return undefined;
  const api = order.find((one) =>
    found.some((known) => known.api === one && known.codec === codec && known.direction === "decode"),
  );
  return api === undefined ? undefined : { api, codec };
}
