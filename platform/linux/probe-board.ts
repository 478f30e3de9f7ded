// Vendor, model, revision and family of the board, from the device tree or from DMI. Serial numbers are never read.
import type { BoardIdentity } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";
import { keyedLines, lineOf, readLine, readStrings } from "./read-value.ts";

/** Vendors by the prefix that they have in device trees; one that isn't here is named by its prefix.
 * @see Documentation/devicetree/bindings/vendor-prefixes.yaml of Linux */
const treeVendors: Readonly<Record<string, string>> = {
  allwinner: "Allwinner",
  amlogic: "Amlogic",
  apple: "Apple",
  asus: "ASUS",
  bananapi: "Banana Pi",
  beagle: "BeagleBoard.org",
  brcm: "Broadcom",
  freescale: "NXP",
  friendlyarm: "FriendlyElec",
  fsl: "NXP",
  google: "Google",
  hardkernel: "Hardkernel",
  khadas: "Khadas",
  libretech: "Libre Computer",
  mediatek: "MediaTek",
  nvidia: "NVIDIA",
  orangepi: "Orange Pi",
  pine64: "PINE64",
  qcom: "Qualcomm",
  radxa: "Radxa",
  raspberrypi: "Raspberry Pi",
  rockchip: "Rockchip",
  sipeed: "Sipeed",
  starfive: "StarFive",
  ti: "Texas Instruments",
  xunlong: "Orange Pi",
};

// What firmware says where nobody filled in the form.
const placeholder =
  /^(to be filled( by o\.?e\.?m\.?)?|o\.?e\.?m\.?|default( string)?|\$?\(?default_string\)?|not (specified|applicable|available|defined|set)|system (manufacturer|product name|version)|base ?board (manufacturer|product name|version)|type[12] ?- ?.*|type1productconfigid|none|n\/?a|null|undefined|unknown|empty|invalid|tbd|[x0 .*_-]+|0?123456789)$/i;

/** Who made the board and which it is. Where neither a device tree nor DMI says, an absence. */
export async function probeBoard(machine: Machine): Promise<Findings> {
  const board = (await fromDeviceTree(machine)) ?? (await fromDmi(machine));
  if (board !== undefined) return { board };
  const detail = "Neither /proc/device-tree nor /sys/class/dmi/id names the board.";
  return { absences: [{ about: "board", code: "not-present", detail }] };
}

async function fromDeviceTree(machine: Machine): Promise<BoardIdentity | undefined> {
  const [title, compatible, code] = await Promise.all([
    readLine(machine, "/proc/device-tree/model"),
    readStrings(machine, "/proc/device-tree/compatible"),
    readRevisionCode(machine),
  ]);
  if (title === undefined && compatible.length === 0) return undefined;
  const prefix = compatible[0]?.split(",", 1)[0] ?? "";
  const isRaspberryPi = compatible.some((name) => name.startsWith("raspberrypi,"));
  const isJetson = compatible.some((name) => name.startsWith("nvidia,tegra"));
  const [model, version] = (title ?? compatible[0] ?? "").split(/ rev(?:ision)? /i, 2);
  const vendor = Object.hasOwn(treeVendors, prefix) ? treeVendors[prefix] : prefix;
  return {
    vendor: lineOf(vendor),
    model: lineOf(model),
    revision: (isRaspberryPi ? code : undefined) ?? lineOf(version),
    family: isRaspberryPi ? "raspberrypi" : isJetson ? "jetson" : "other",
  };
}

/** The Raspberry Pi's revision code, in hexadecimal digits as its documentation lists them.
 * @see https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#raspberry-pi-revision-codes */
async function readRevisionCode(machine: Machine): Promise<string | undefined> {
  const [bytes, cpuinfo] = await Promise.all([
    machine.readBytes("/proc/device-tree/system/linux,revision"),
    machine.readText("/proc/cpuinfo"),
  ]);
  if (bytes?.length === 4) {
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0).toString(16).padStart(4, "0");
  }
  const code = keyedLines(lastLines(cpuinfo), ":").get("Revision")?.toLowerCase();
  return code !== undefined && /^[0-9a-f]{4,8}$/.test(code) ? code : undefined;
}

/** The board's own lines come after those of all processors. */
function lastLines(cpuinfo: string | undefined): string | undefined {
  return cpuinfo?.slice(-2048);
}

async function fromDmi(machine: Machine): Promise<BoardIdentity | undefined> {
  const read = async (name: string) => {
    const value = await readLine(machine, `/sys/class/dmi/id/${name}`);
    return value === undefined || placeholder.test(value) ? undefined : value;
  };
  const [system, product, version, maker, board, boardVersion] = await Promise.all([
    read("sys_vendor"),
    read("product_name"),
    read("product_version"),
    read("board_vendor"),
    read("board_name"),
    read("board_version"),
  ]);
  const vendor = system ?? maker;
  if (vendor === undefined && product === undefined && board === undefined) return undefined;
  // Lenovo writes an order number where others write the model, and the model where others write the version.
  if (vendor === "LENOVO" && version !== undefined) {
    return { vendor, model: version, revision: undefined, family: "pc" };
  }
  const revision = product === undefined ? boardVersion : version;
  return { vendor, model: product ?? board, revision, family: "pc" };
}
