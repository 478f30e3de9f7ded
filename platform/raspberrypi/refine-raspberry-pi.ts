// What only a Raspberry Pi's own means tell: its revision, throttling, libcamera's cameras, VideoCore.
import { printable } from "../base/printable.ts";
import type { Absence, BoardFacts, BoardIdentity, CameraFacts, GpuFacts } from "../contract/board-facts.ts";
import type { Answer, Machine } from "../contract/machine.ts";
import { parseCameraList } from "./libcamera-list.ts";
import { type BoardRevision, decodeRevision, findRevision } from "./revision-code.ts";
import { readThrottling } from "./throttling.ts";

/** The facts of a Raspberry Pi made whole; those of another board as they are. */
export async function refineRaspberryPi(machine: Machine, facts: BoardFacts): Promise<BoardFacts> {
  if (facts.board.family !== "raspberrypi") return facts;
  const [revision, throttling, listed] = await Promise.all([
    readRevision(machine),
    readThrottling(machine),
    mayHaveCamera(facts) ? listCameras(machine) : nobodyAsked,
  ]);
  const processor = revision?.decoded?.processor ?? (await readProcessor(machine));
  const cameras = listed.ok ? parseCameraList(listed.value) : [];
  return {
    ...facts,
    board: refineBoard(facts.board, revision),
    thermal: { ...facts.thermal, throttling: throttling ?? facts.thermal.throttling },
    cameras: [...cameras, ...facts.cameras],
    gpus: refineGpus(facts, processor),
    absences: [...refineCameraAbsences(facts, cameras, listed), ...explainCodecs(facts, processor)],
  };
}

async function readRevision(
  machine: Machine,
): Promise<{ code: number; decoded: BoardRevision | undefined } | undefined> {
  const [cpuinfo, bytes] = await Promise.all([
    machine.readText("/proc/cpuinfo"),
    machine.readBytes("/proc/device-tree/system/linux,revision"),
  ]);
  const tree = bytes?.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) : undefined;
  const code = findRevision(cpuinfo ?? "") ?? tree;
  return code === undefined ? undefined : { code, decoded: decodeRevision(code) };
}

/** "BCM2712" of the device tree's compatible names. */
async function readProcessor(machine: Machine): Promise<string | undefined> {
  const text = await machine.readText("/proc/device-tree/compatible");
  return /brcm,(bcm2\d{3})\b/i.exec(text ?? "")?.[1]?.toUpperCase();
}

function refineBoard(
  board: BoardIdentity,
  revision: { code: number; decoded: BoardRevision | undefined } | undefined,
): BoardIdentity {
  const vendor = board.vendor ?? "Raspberry Pi";
  if (revision === undefined) return { ...board, vendor };
  const { code, decoded } = revision;
  const known = [decoded?.revision, decoded?.memory, decoded?.manufacturer].filter(
    (part) => part !== undefined,
  );
  const hex = code.toString(16).padStart(4, "0");
  return {
    ...board,
    vendor,
    model: board.model ?? (decoded?.type === undefined ? undefined : `Raspberry Pi ${decoded.type}`),
    revision: known.length === 0 ? hex : `${known.join(", ")} (${hex})`,
  };
}

/** Starting libcamera takes up to a second on a small board: it is asked where a V4L2 node behaves as only a sensor's does, or can't be asked. */
function mayHaveCamera({ absences }: BoardFacts): boolean {
  return absences.some(({ about, code }) => about === "devices.cameras" && code !== "not-present");
}

const nobodyAsked: Answer<string> = { ok: false, code: "not-present", detail: "nobody asked" };

/** Asked by its newer name first. */
async function listCameras(machine: Machine): Promise<Answer<string>> {
  const answer = await machine.run("rpicam-hello", ["--list-cameras"]);
  if (answer.ok || answer.code !== "not-present") return answer;
  return machine.run("libcamera-hello", ["--list-cameras"]);
}

/** The raw receiver's absence goes where libcamera has the camera; where its program is there and has none, it says so. Of
 * `devices.cameras`, `not-supported` is said of raw receivers alone. */
function refineCameraAbsences(
  facts: BoardFacts,
  cameras: readonly CameraFacts[],
  listed: Answer<string>,
): Absence[] {
  const isRaw = ({ about, code }: Absence): boolean =>
    about === "devices.cameras" && code === "not-supported";
  const isNone = ({ about, code }: Absence): boolean => about === "devices.cameras" && code === "not-present";
  if (cameras.length > 0) return facts.absences.filter((absence) => !isRaw(absence) && !isNone(absence));
  if (!facts.absences.some(isRaw) || (!listed.ok && listed.code === "not-present"))
    return [...facts.absences];
  const why = listed.ok ? "lists no camera" : `failed: ${printable(listed.detail, 160)}`;
  const absence: Absence = {
    about: "devices.cameras",
    code: listed.ok ? "unreadable" : listed.code,
    detail: `There is a sensor on the camera port, but rpicam-hello ${why}.`,
    mend: "Check the camera's cable and its dtoverlay, and try: rpicam-hello --list-cameras",
  };
  return [...facts.absences.filter((one) => !isRaw(one)), absence];
}

const videoCores: Readonly<Record<string, string>> = {
  BCM2835: "VideoCore IV",
  BCM2836: "VideoCore IV",
  BCM2837: "VideoCore IV",
  BCM2711: "VideoCore VI",
  BCM2712: "VideoCore VII",
};

/** The display's driver (vc4) and the renderer's (v3d) belong to one GPU. VideoCore IV computes with nothing that we could use. */
function refineGpus(facts: BoardFacts, processor: string | undefined): readonly GpuFacts[] {
  const model = processor === undefined ? undefined : videoCores[processor];
  if (model === undefined) return facts.gpus;
  const isVideoCore = ({ driver, vendor }: GpuFacts): boolean =>
    /^(v3d|vc4)/.test(driver ?? "") || /broadcom/i.test(vendor);
  const own = facts.gpus.filter(isVideoCore);
  const first = own.find(({ driver }) => /^v3d/.test(driver ?? "")) ?? own[0];
  if (first === undefined) return facts.gpus;
  const type = model === "VideoCore IV" ? "none" : first.type;
  const gpu: GpuFacts = { ...first, type, vendor: "Broadcom", model, isMemoryShared: true };
  return [gpu, ...facts.gpus.filter((other) => !isVideoCore(other))];
}

/** People expect the H.264 codec that every model before had. */
function explainCodecs(facts: BoardFacts, processor: string | undefined): Absence[] {
  const hasH264 = facts.hardwareCodecs.some(({ codec }) => codec === "h264");
  if (processor !== "BCM2712" || hasH264 || facts.ffmpeg === undefined) return [];
  return [
    {
      about: "codecs.h264",
      code: "not-present",
      detail: "This Raspberry Pi has no H.264 codec in hardware: FFmpeg does it in software.",
    },
  ];
}
