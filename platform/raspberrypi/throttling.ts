// Whether the firmware holds the processor back, now or since the start, and why.
import type { ThermalFacts, ThrottleCause } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";

/** By bit; the same 16 bits higher: since boot.
 * @see https://www.raspberrypi.com/documentation/computers/os.html#get_throttled */
const causes: readonly ThrottleCause[] = [
  "under-voltage",
  "frequency-capped",
  "throttled",
  "soft-temperature-limit",
];
const sysfsFile = "/sys/devices/platform/soc/soc:firmware/get_throttled";

/** Asks `vcgencmd`, and the kernel where there is none or it may not ask. Undefined where neither says. */
export async function readThrottling(machine: Machine): Promise<ThermalFacts["throttling"]> {
  const answer = await machine.run("vcgencmd", ["get_throttled"]);
  const told = answer.ok ? /^throttled=0x([0-9a-f]{1,8})\s*$/im.exec(answer.value)?.[1] : undefined;
  const bits = told ?? /^(?:0x)?([0-9a-f]{1,8})\s*$/i.exec((await machine.readText(sysfsFile)) ?? "")?.[1];
  if (bits === undefined) return undefined;
  const value = Number.parseInt(bits, 16);
  return { now: causesOf(value), sinceBoot: causesOf(value >>> 16) };
}

function causesOf(bits: number): ThrottleCause[] {
  return causes.filter((_, bit) => (bits & (1 << bit)) !== 0);
}
