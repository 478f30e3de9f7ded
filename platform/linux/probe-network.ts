// The network interfaces: kind, whether up, speed. Addresses are never read.
import type { NetworkFacts } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";
import { keyedLines, lineOf, readLine, readNumber } from "./read-value.ts";

const mostInterfaces = 64;
/** ARPHRD_* of include/uapi/linux/if_arp.h. */
const hardware = { ethernet: 1, point: 512, rawIp: 519, loopback: 772, wifi: [801, 802, 803] } as const;

/** All but the loopback, real ones before virtual ones (a host of containers has hundreds of these), each by name. */
export async function probeNetwork(machine: Machine): Promise<Findings> {
  const names = await machine.list("/sys/class/net");
  const found = await Promise.all(names.map((name) => readInterface(machine, name)));
  const interfaces = found.filter((each) => each !== undefined);
  const isReal = (each: NetworkFacts) => each.kind !== "virtual";
  const sorted = [...interfaces.filter(isReal), ...interfaces.filter((each) => !isReal(each))];
  if (sorted.length > 0) return { network: sorted.slice(0, mostInterfaces) };
  const detail = "/sys/class/net has no network interface but the loopback.";
  return { absences: [{ about: "network", code: "not-present", detail }] };
}

async function readInterface(machine: Machine, entry: string): Promise<NetworkFacts | undefined> {
  const folder = `/sys/class/net/${entry}`;
  const name = lineOf(entry);
  const type = await readNumber(machine, `${folder}/type`, { min: 0, max: 65_535 });
  // `bonding_masters` is a file among the interfaces.
  if (name === undefined || type === undefined || type === hardware.loopback) return undefined;
  const [kind, state, carrier, speed] = await Promise.all([
    kindOf(machine, folder, type),
    readLine(machine, `${folder}/operstate`),
    readLine(machine, `${folder}/carrier`),
    readNumber(machine, `${folder}/speed`, { min: 1, max: 3_200_000 }),
  ]);
  // Tunnels and modems know no state; they have a carrier all the same.
  const isUp = state === "up" || (state === "unknown" && carrier === "1");
  // What a virtual interface gives as its speed is made up.
  return { name, kind, isUp, speedMbps: kind === "virtual" ? undefined : speed };
}

/** @see Documentation/ABI/testing/sysfs-class-net of Linux */
async function kindOf(machine: Machine, folder: string, type: number): Promise<NetworkFacts["kind"]> {
  const [entries, uevent, path = ""] = await Promise.all([
    machine.list(folder),
    machine.readText(`${folder}/uevent`),
    machine.resolve(folder),
  ]);
  const deviceType = keyedLines(uevent, "=").get("DEVTYPE");
  const isWireless = entries.includes("wireless") || entries.includes("phy80211");
  if (isWireless || deviceType === "wlan" || hardware.wifi.some((each) => each === type)) return "wifi";
  if (deviceType === "wwan" || type === hardware.rawIp) return "cellular";
  if (path.includes("/devices/virtual/")) return "virtual";
  if (type === hardware.point && /\/(wwan|ppp)[0-9]+$/.test(folder)) return "cellular";
  if (deviceType !== undefined && deviceType !== "gadget" && deviceType !== "dsa") return "virtual";
  return type === hardware.ethernet ? "ethernet" : "other";
}
