// What a person can do about a missing device in a container: nothing is plugged in there, it is given by the host at the start.
import type { Absence, BoardFacts } from "../contract/board-facts.ts";

/** What the container has to be given. */
interface Gift {
  /** As in "Start the container with the host's camera". */
  readonly what: string;
  readonly devices: readonly string[];
  readonly group?: string | undefined;
  /** A GPU of NVIDIA's comes by a flag of its own, which each engine spells in its way. */
  readonly nvidia?: "discrete" | "jetson";
}

interface Engine {
  readonly command: string;
  /** @see https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/cdi-support.html */
  readonly discrete: string;
}

/** Engines that start containers by a command line; others are told what to give, and know how. */
const engines: ReadonlyMap<string, Engine> = new Map([
  ["docker", { command: "docker run", discrete: "--gpus all" }],
  ["podman", { command: "podman run", discrete: "--device nvidia.com/gpu=all" }],
  ["containerd", { command: "nerdctl run", discrete: "--gpus all" }],
]);

/** The facts with the mends of cameras, microphones, speakers, GPUs and codecs as a container can follow them; as they are outside of one.
 * Pure. What is put on a command line is taken from nobody's text but a device's path of a known shape and a group's name. */
export function withContainerMends(facts: BoardFacts): BoardFacts {
  const { container } = facts.host;
  if (container === undefined) return facts;
  const engine = engines.get(container);
  const absences = facts.absences.map((absence): Absence => {
    const gift = giftFor(absence, facts);
    return gift === undefined ? absence : { ...absence, mend: sayGift(gift, engine) };
  });
  return { ...facts, absences };
}

/** Undefined where the mend is the same inside and outside. */
function giftFor(absence: Absence, facts: BoardFacts): Gift | undefined {
  const { about, code, mend } = absence;
  if (mend === undefined) return undefined;
  if (code === "no-permission") return giveAccess(absence, mend);
  if (about === "gpu") return giveGpu(mend);
  // Where others of its kind are there, the container was given some, and the mend is about the one.
  if (code !== "not-present" || !(isKernelOnly(mend) || !hasAny(facts, about))) return undefined;
  if (about === "devices.cameras") {
    return { what: "the host's camera", devices: [videoNode.exec(mend)?.[0] ?? "/dev/video0"] };
  }
  if (about === "devices.microphones") return { what: "the host's microphone", ...sound };
  return about === "devices.speakers" ? { what: "the host's speaker", ...sound } : undefined;
}

const videoNode = /\/dev\/video\d{1,4}\b/;
const sound = { devices: ["/dev/snd"], group: "audio" } as const;

/** The kernel shows it, `/dev` doesn't: the mend already speaks of a container. */
function isKernelOnly(mend: string): boolean {
  return mend.startsWith("In a container: start it with --device");
}

function hasAny({ cameras, microphones, speakers }: BoardFacts, about: string): boolean {
  const found = new Map<string, readonly unknown[]>([
    ["devices.cameras", cameras],
    ["devices.microphones", microphones],
    ["devices.speakers", speakers],
  ]);
  return (found.get(about)?.length ?? 0) > 0;
}

/** The file is there and may not be opened: by its group, or by the container's list of devices, which `--device` adds to. */
function giveAccess({ about, detail }: Absence, mend: string): Gift | undefined {
  const group = /(?:usermod -aG|--group-add) ([a-z0-9_][a-z0-9_-]{0,31})(?![\w-])/.exec(mend)?.[1];
  if (group === undefined) return undefined;
  // Names of sound cards are their makers' words, and stand before the path.
  const isSound = about === "devices.microphones" || about === "devices.speakers";
  const path = /\/dev\/(video\d{1,4}|dri\/renderD\d{1,3}|kfd|mali0|nvhost[\w-]{0,24}|nvmap)\b/.exec(
    detail,
  )?.[0];
  const devices = isSound ? sound.devices : path === undefined ? [] : [path];
  return { what: "access to it", devices, group };
}

function giveGpu(mend: string): Gift | undefined {
  if (mend.includes("nvidia-jetpack")) return { what: "its GPU", devices: [], nvidia: "jetson" };
  if (mend.startsWith("Install NVIDIA's")) return { what: "its GPUs", devices: [], nvidia: "discrete" };
  return isKernelOnly(mend) ? { what: "the host's GPU", devices: ["/dev/dri"] } : undefined;
}

function sayGift({ what, devices, group, nvidia }: Gift, engine: Engine | undefined): string {
  const first = nvidia === undefined ? "" : "Install NVIDIA's driver and container toolkit on the host, and ";
  const verb = engine === undefined ? "give the container" : "start the container with";
  const ask = `${first}${first === "" ? capital(verb) : verb} ${what}`;
  if (engine === undefined) {
    const named = devices.length === 0 ? "" : ` (${devices.join(", ")})`;
    return `${ask}${named}${group === undefined ? "" : `, and this user the group ${group}`}`;
  }
  const flags = [
    ...(nvidia === "jetson" ? ["--runtime nvidia"] : nvidia === "discrete" ? [engine.discrete] : []),
    ...devices.map((device) => `--device ${device}`),
    ...(group === undefined ? [] : [`--group-add ${group}`]),
  ];
  return `${ask}: ${engine.command} ${flags.join(" ")}`;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
