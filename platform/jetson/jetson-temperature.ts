// The hottest zone of a Jetson that measures: one of its zones always says 100 °C.
import type { Machine } from "../contract/machine.ts";

const folder = "/sys/class/thermal";

/** In °C; undefined where no zone says. The power chip's own zone (`PMIC-Die`) only trips when it is too hot, and reports its trip point
 * until then. @see https://docs.nvidia.com/jetson/archives/r35.4.1/DeveloperGuide/text/SD/PlatformPowerAndPerformance.html */
export async function readTemperature(machine: Machine): Promise<number | undefined> {
  const zones = (await machine.list(folder))
    .filter((name) => /^thermal_zone\d{1,3}$/.test(name))
    .slice(0, 64);
  const readings = await Promise.all(
    zones.map(async (zone) => {
      const [type, text] = await Promise.all([
        machine.readText(`${folder}/${zone}/type`),
        machine.readText(`${folder}/${zone}/temp`),
      ]);
      const isNumber = /^-?\d{1,6}\s*$/.test(text ?? "");
      return isNumber && type?.trim() !== "PMIC-Die" ? Number(text) / 1000 : undefined;
    }),
  );
  const sane = readings.filter((value) => value !== undefined).filter((value) => value > -60 && value < 200);
  return sane.length === 0 ? undefined : Math.max(...sane);
}
