// Why there isn't a camera where a person would look for one, and what to do about it.
import { printable } from "../base/printable.ts";
import type { Absence } from "../contract/board-facts.ts";
import type { Machine, RefusalCode } from "../contract/machine.ts";
import { mendPermission } from "./mend-permission.ts";
import { isNamedLikeCodec, type VideoNode, videoRole } from "./video-node.ts";

const about = "devices.cameras";
/** More sentences than this help nobody. */
const maxAbsences = 16;
/** Motors of lenses and flashes stand on the same bus as sensors. */
const notSensor = /^(dw9|ad58|ak73|vcm|lm3|bu64|ov\w*_af|at24|pca95)/;

/** With its place on the I2C bus, or as drivers call a sensor that comes in variants ("imx708_wide_noir"). */
const sensorName = /^(?:([a-z][a-z0-9_-]*) \d+-[\da-f]{4}|((?:imx|ov|ar|gc|sc|mira)\d\w*))\s*$/;

/** One absence for each reason, never one for each of a board's twenty codec nodes. `not-supported` is said of raw receivers only, so
 * that whoever knows another way to their pictures can tell it. */
export async function explainCameras(
  machine: Machine,
  nodes: readonly VideoNode[],
  cameraCount: number,
): Promise<Absence[]> {
  const absences = [
    ...explainUnplugged(nodes),
    ...explainDenied(nodes),
    ...explainSilent(nodes),
    ...(await explainRaw(machine, nodes)),
  ];
  if (cameraCount === 0 && absences.length === 0) absences.push(explainNothing(nodes));
  return absences.slice(0, maxAbsences);
}

function refused(nodes: readonly VideoNode[], code: RefusalCode): VideoNode[] {
  return nodes.filter(({ answer, label }) => !answer.ok && answer.code === code && !isNamedLikeCodec(label));
}

/** The kernel has it, `/dev` doesn't: a container that wasn't given it, or one that was pulled out just now. */
function explainUnplugged(nodes: readonly VideoNode[]): Absence[] {
  const missing = nodes.filter(({ file, label }) => file === undefined && !isNamedLikeCodec(label));
  if (missing.length === 0) return [];
  return [
    {
      about,
      code: "not-present",
      detail: `The kernel has ${nameAll(missing)}, but it isn't in /dev.`,
      mend: `In a container: start it with --device ${missing[0]!.path}`,
    },
  ];
}

function explainDenied(nodes: readonly VideoNode[]): Absence[] {
  const groups = Map.groupBy(refused(nodes, "no-permission"), ({ file }) => file?.group ?? "");
  return [...groups].map(([group, denied]) => ({
    about,
    code: "no-permission" as const,
    detail: `This user may not open ${nameAll(denied)}${group === "" ? "" : ` (group ${printable(group, 32)})`}.`,
    mend: mendPermission(denied[0]!.path, denied[0]!.file),
  }));
}

const silences: readonly { code: RefusalCode; says: string; mend: string | undefined }[] = [
  {
    code: "timed-out",
    says: "doesn't answer",
    mend: "Unplug the camera and plug it in again",
  },
  { code: "busy", says: "is in use by another program", mend: "See who has it: fuser -v" },
  { code: "unreadable", says: "gave an answer that makes no sense", mend: undefined },
];

function explainSilent(nodes: readonly VideoNode[]): Absence[] {
  return silences.flatMap(({ code, says, mend }) =>
    refused(nodes, code).map((node) => ({
      about,
      code,
      detail: `${nameAll([node])} ${says}.`,
      mend: code === "busy" ? `${mend} ${node.path}` : mend,
    })),
  );
}

/** A sensor on a CSI port, one absence for each driver: receivers have up to eight nodes. */
async function explainRaw(machine: Machine, nodes: readonly VideoNode[]): Promise<Absence[]> {
  const receivers = new Map<string, VideoNode>();
  for (const node of nodes) {
    if (node.answer.ok && videoRole(node.answer.value) === "raw-receiver") {
      const { driver } = node.answer.value;
      if (!receivers.has(driver)) receivers.set(driver, node);
    }
  }
  if (receivers.size === 0) return [];
  const sensors = await readSensors(machine);
  const camera = sensors.length === 0 ? "A camera" : `The camera ${sensors.join(" and ")}`;
  return [...receivers].map(([driver, node]) => ({
    about,
    code: "not-supported" as const,
    detail: `${camera} on ${node.path} (${printable(driver, 32)}) gives the sensor's raw pictures, which need libcamera or another pipeline.`,
    mend: mendRaw(driver),
  }));
}

function mendRaw(driver: string): string {
  if (/^(unicam|rp1-cfe)$/.test(driver)) {
    return "Install libcamera's programs: sudo apt install rpicam-apps";
  }
  if (/^tegra/.test(driver)) {
    return "Use a USB camera or a CSI camera with a processor of its own: NVIDIA's Argus isn't supported";
  }
  return "Use a USB camera, or a v4l2loopback device that libcamera's programs feed";
}

/** Names of the sensors' subdevices, such as "imx219 10-0010". */
async function readSensors(machine: Machine): Promise<string[]> {
  const folder = "/sys/class/video4linux";
  const names = (await machine.list(folder)).filter((name) => /^v4l-subdev\d{1,4}$/.test(name)).slice(0, 64);
  const labels = await Promise.all(names.map((name) => machine.readText(`${folder}/${name}/name`)));
  const sensors = labels.flatMap(
    (label) =>
      sensorName
        .exec(label ?? "")
        ?.slice(1)
        .find((name) => name !== undefined) ?? [],
  );
  return [...new Set(sensors)].filter((name) => !notSensor.test(name)).slice(0, 4);
}

function explainNothing(nodes: readonly VideoNode[]): Absence {
  const mend = "Plug in a USB camera, or check the camera's cable";
  const none = nodes.length === 0 ? "there is no /dev/video*" : `${nameAll(nodes)} give no pictures`;
  return { about, code: "not-present", detail: `No camera: ${none}.`, mend };
}

/** "/dev/video0 (HD Webcam), /dev/video1 and 3 more". */
function nameAll(nodes: readonly VideoNode[]): string {
  const named = nodes
    .slice(0, 3)
    .map(({ path, label }) => (label === "" ? path : `${path} (${printable(label, 40)})`));
  return nodes.length > 3 ? `${named.join(", ")} and ${nodes.length - 3} more` : named.join(", ");
}
