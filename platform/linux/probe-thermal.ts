// The hottest temperature, and whether the machine runs on its battery. Boards that throttle tell so in their own rooms.
import type { ThermalFacts } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";
import { readLine, readNumber } from "./read-value.ts";

const mostSensors = 128;
/** In thousandths of °C. Sensors without a probe say -274000, -128000 or 2147483647. */
const plausibleMilliCelsius = { min: -55_000, max: 150_000 };
/** Zones that aren't the machine's own heat. */
const foreignZone = /^(iwlwifi|mt79|ath1[0-9]k|nvme|bat)/i;
/** Monitor chips that measure the processor. @see Documentation/hwmon of Linux */
const processorMonitor =
  /^(coretemp|k8temp|k10temp|zenpower|cpu_?thermal|soc_?thermal|scpi_sensors|via_cputemp)/i;

/** What isn't there is undefined: many machines have no sensor, and nobody misses it. */
export async function probeThermal(machine: Machine): Promise<Findings> {
  const [zones, monitors, power] = await Promise.all([
    readZones(machine),
    readMonitors(machine),
    readPower(machine),
  ]);
  const hottest = Math.max(...zones, ...monitors);
  const celsius = Number.isFinite(hottest) ? Math.round(hottest / 100) / 10 : undefined;
  return { thermal: { celsius, throttling: undefined, power } };
}

/** @see Documentation/driver-api/thermal/sysfs-api.rst of Linux */
async function readZones(machine: Machine): Promise<readonly number[]> {
  const folder = "/sys/class/thermal";
  const names = (await machine.list(folder)).filter((name) => /^thermal_zone[0-9]+$/.test(name));
  const values = names.slice(0, mostSensors).map(async (name) => {
    const [type = "", heat] = await Promise.all([
      readLine(machine, `${folder}/${name}/type`),
      readNumber(machine, `${folder}/${name}/temp`, plausibleMilliCelsius),
    ]);
    return foreignZone.test(type) ? undefined : heat;
  });
  return (await Promise.all(values)).filter((value) => value !== undefined);
}

async function readMonitors(machine: Machine): Promise<readonly number[]> {
  const folder = "/sys/class/hwmon";
  const chips = (await machine.list(folder)).slice(0, mostSensors);
  const values = chips.map(async (chip) => {
    const name = (await readLine(machine, `${folder}/${chip}/name`)) ?? "";
    if (!processorMonitor.test(name)) return [];
    const inputs = (await machine.list(`${folder}/${chip}`)).filter((file) =>
      /^temp[0-9]+_input$/.test(file),
    );
    return Promise.all(
      inputs.slice(0, mostSensors).map((input) => {
        return readNumber(machine, `${folder}/${chip}/${input}`, plausibleMilliCelsius);
      }),
    );
  });
  return (await Promise.all(values)).flat().filter((value) => value !== undefined);
}

/** A mouse's battery has the scope "Device". @see Documentation/ABI/testing/sysfs-class-power of Linux */
async function readPower(machine: Machine): Promise<ThermalFacts["power"]> {
  const folder = "/sys/class/power_supply";
  const supplies = (await machine.list(folder)).slice(0, 32);
  const states = await Promise.all(
    supplies.map(async (supply): Promise<ThermalFacts["power"]> => {
      const read = (file: string) => readLine(machine, `${folder}/${supply}/${file}`);
      const [type, scope, online, status] = await Promise.all([
        read("type"),
        read("scope"),
        read("online"),
        read("status"),
      ]);
      if (scope === "Device") return undefined;
      if (type === "Battery") return status === "Discharging" ? "battery" : undefined;
      return (type === "Mains" || type === "USB") && online === "1" ? "mains" : undefined;
    }),
  );
  return states.includes("mains") ? "mains" : states.find((state) => state === "battery");
}
