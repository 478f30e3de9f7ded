// Whether the board holds itself back, for want of voltage or of cooling, as a check of the doctor's.
import type { ThermalFacts, ThrottleCause } from "../../platform/contract/board-facts.ts";
import type { Check } from "./check.ts";

const mends = {
  voltage: "use the power supply made for the board, and a short cable",
  heat: "cool the board: a heat sink or a fan, and air around it",
} as const;

/** A warning where the board is held back or has been since it started. Nothing where the board doesn't say. Pure. */
export function judgePower({ throttling }: Pick<ThermalFacts, "throttling">): Check[] {
  if (throttling === undefined) return [];
  const { now, sinceBoot } = throttling;
  const before = sinceBoot.filter((cause) => !now.includes(cause));
  const about = { name: "power", needed: false };
  if (now.length === 0 && before.length === 0) {
    return [{ ...about, status: "ok", detail: "neither under-voltage nor throttling since boot" }];
  }
  const times = [
    { when: "now", causes: now },
    { when: "since boot", causes: before },
  ].filter(({ causes }) => causes.length > 0);
  const detail = times.map(({ when, causes }) => `${causes.join(", ")} ${when}`).join("; ");
  const mend = [...new Set([...mendsFor(now), ...mendsFor(sinceBoot)])].join("; ");
  return [{ ...about, status: "warn", detail, mend }];
}

/** Under-voltage makes the firmware cap and throttle too: only without it do these tell of heat.
 * @see https://www.raspberrypi.com/documentation/computers/os.html#get_throttled */
function mendsFor(causes: readonly ThrottleCause[]): string[] {
  const isWeak = causes.includes("under-voltage");
  const isHot =
    causes.includes("soft-temperature-limit") ||
    (!isWeak && (causes.includes("throttled") || causes.includes("frequency-capped")));
  return [...(isWeak ? [mends.voltage] : []), ...(isHot ? [mends.heat] : [])];
}
