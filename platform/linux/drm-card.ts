// One card of DRM as sysfs shows it: its driver, its numbers, and the file that a program computes by.
import type { DeviceNode, Machine } from "../contract/machine.ts";
import { keyedLines, lineOf } from "./read-value.ts";

export interface DrmCard {
  /** Its device's folder in sysfs, with a slash at neither end but the first. */
  readonly folder: string;
  /** The kernel driver, "-" and "_" alike written "_". */
  readonly driver: string;
  /** "8086:46a6" in lower case; undefined where it isn't on PCI. */
  readonly pciId: string | undefined;
  /** The device tree's names for it. */
  readonly compatible: readonly string[];
  /** `/dev/dri/renderD128`; undefined where the card only shows pictures. */
  readonly renderPath: string | undefined;
  readonly renderNode: DeviceNode | undefined;
}

/** At most `mostCards` cards; what has no driver that can be named is left out. */
export async function readDrmCards(machine: Machine, mostCards: number): Promise<readonly DrmCard[]> {
  const names = (await machine.list("/sys/class/drm")).filter((name) => /^card[0-9]{1,3}$/.test(name));
  const cards = await Promise.all(names.slice(0, mostCards).map((name) => readCard(machine, name)));
  return cards.filter((card) => card !== undefined);
}

async function readCard(machine: Machine, name: string): Promise<DrmCard | undefined> {
  const folder = `/sys/class/drm/${name}/device`;
  const [uevent, link, nodes, vendor, device] = await Promise.all([
    machine.readText(`${folder}/uevent`),
    machine.resolve(`${folder}/driver`),
    machine.list(`${folder}/drm`),
    readHex(machine, `${folder}/vendor`),
    readHex(machine, `${folder}/device`),
  ]);
  const values = keyedLines(uevent, "=");
  const driver = lineOf(values.get("DRIVER") ?? link?.split("/").at(-1))?.replaceAll("-", "_");
  if (driver === undefined) return undefined;
  const told = values.get("PCI_ID")?.toLowerCase();
  const onPci = vendor !== undefined && device !== undefined ? `${vendor}:${device}` : undefined;
  const render = nodes.find((node) => /^renderD[0-9]{1,3}$/.test(node));
  const renderPath = render === undefined ? undefined : `/dev/dri/${render}`;
  return {
    folder,
    driver,
    pciId: told !== undefined && /^[0-9a-f]{4}:[0-9a-f]{4}$/.test(told) ? told : onPci,
    compatible: compatibleOf(values),
    renderPath,
    renderNode: renderPath === undefined ? undefined : await machine.deviceNode(renderPath),
  };
}

async function readHex(machine: Machine, path: string): Promise<string | undefined> {
  return (await machine.readText(path))?.match(/^0x([0-9a-f]{4})\s*$/i)?.[1]?.toLowerCase();
}

function compatibleOf(uevent: ReadonlyMap<string, string>): readonly string[] {
  const indexes = Array.from({ length: 8 }, (_, index) => `OF_COMPATIBLE_${index}`);
  return indexes.map((key) => lineOf(uevent.get(key))).filter((name) => name !== undefined);
}
