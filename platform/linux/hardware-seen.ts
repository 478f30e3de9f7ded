// A codec that some hardware here does, before anybody asked whether FFmpeg can drive it.
import type { Absence, HardwareCodec } from "../contract/board-facts.ts";

/** What one kind of hardware gives, and what stood in the way. */
export interface HardwareSeen {
  readonly codecs: readonly HardwareCodec[];
  readonly absences: readonly Absence[];
}

export const nothingSeen: HardwareSeen = { codecs: [], absences: [] };

/** Each codec once for each direction, API and device, in the order seen. */
export function distinct(codecs: readonly HardwareCodec[]): HardwareCodec[] {
  const byKey = new Map(
    codecs.map((codec) => [`${codec.codec} ${codec.direction} ${codec.api} ${codec.device}`, codec]),
  );
  return [...byKey.values()];
}
