// probeLinux: everything that a Linux machine shows of itself, by probes that run side by side.
import { printable } from "../base/printable.ts";
import type { BoardFacts } from "../contract/board-facts.ts";
import type { Machine } from "../contract/machine.ts";
import { type Findings, nothingFound, withFindings } from "./findings.ts";
import { nvidiaQuery } from "./nvidia-codecs.ts";
import { probeBoard } from "./probe-board.ts";
import { probeCameras } from "./probe-cameras.ts";
import { probeCodecs } from "./probe-codecs.ts";
import { probeCpu } from "./probe-cpu.ts";
import { probeDrmGpus } from "./probe-drm-gpus.ts";
import { probeFrameworks } from "./probe-frameworks.ts";
import { probeHost } from "./probe-host.ts";
import { probeMemory } from "./probe-memory.ts";
import { probeNetwork } from "./probe-network.ts";
import { probeNvidia } from "./probe-nvidia.ts";
import { probeSandbox } from "./probe-sandbox.ts";
import { probeSound } from "./probe-sound.ts";
import { probeStorage } from "./probe-storage.ts";
import { probeThermal } from "./probe-thermal.ts";
import { readVideoNodes } from "./video-node.ts";
import { withDeadline } from "./with-deadline.ts";

export interface ProbeOptions {
  /** The running program's own architecture, as `process.arch` spells it; it wins over what files say (qemu shows the host's).
   * Leave it out for a recorded machine. */
  readonly arch?: string | undefined;
  /** Other deadlines than `defaultLimits`. */
  readonly limits?: Partial<ProbeLimits> | undefined;
}

/** How long one probe may take, in milliseconds. */
export interface ProbeLimits {
  /** Of those that read files only. */
  readonly readingMs: number;
  /** Of those that ask programs. */
  readonly programMs: number;
  /** Of those that ask devices one after the other. The machine gives up a device that hangs after two seconds and asks the next;
   * this one ends what even that doesn't. */
  readonly deviceMs: number;
}

export const defaultLimits: ProbeLimits = { readingMs: 2500, programMs: 3500, deviceMs: 12_000 };

interface Probe {
  /** Each of these is absent when the probe fails. */
  readonly about: readonly string[];
  /** Named in the sentence that says so. */
  readonly what: string;
  readonly limitMs: number;
  readonly find: () => Promise<Findings>;
}

/** Reads all facts. Never rejects: a probe that hangs or throws becomes an absence, and the others' facts are given. */
export async function probeLinux(machine: Machine, options: ProbeOptions = {}): Promise<BoardFacts> {
  const probes = probesOf(machine, { ...defaultLimits, ...options.limits }, options.arch);
  const found = await Promise.all(probes.map(runProbe));
  return found.reduce(withFindings, nothingFound(machine.time));
}

function probesOf(machine: Machine, limits: ProbeLimits, arch: string | undefined): readonly Probe[] {
  const { readingMs, programMs, deviceMs } = limits;
  const probe = (
    limitMs: number,
    about: string | readonly string[],
    what: string,
    find: () => Promise<Findings>,
  ): Probe => {
    return { about: [about].flat(), what, limitMs, find };
  };
  // Asked once, needed twice.
  const videoNodes = shared(() => readVideoNodes(machine));
  const nvidia = shared(() => machine.run("nvidia-smi", nvidiaQuery));
  const sound = ["devices.microphones", "devices.speakers"];
  const sandbox = ["sandbox.seccomp", "sandbox.cgroup"];
  return [
    probe(readingMs, "board", "the board's name", () => probeBoard(machine)),
    probe(readingMs, "board", "the host's name and system", () => probeHost(machine)),
    probe(readingMs, "cpu", "the processor", () => probeCpu(machine, arch)),
    probe(readingMs, "memory", "the memory", () => probeMemory(machine)),
    probe(readingMs, "storage", "the storage", () => probeStorage(machine)),
    probe(readingMs, "board", "temperature and power", () => probeThermal(machine)),
    probe(deviceMs, "devices.cameras", "the cameras", () => probeCameras(machine, videoNodes)),
    probe(deviceMs, sound, "the sound devices", () => probeSound(machine)),
    probe(programMs, "gpu", "NVIDIA's GPUs", () => probeNvidia(machine, nvidia, readingMs)),
    probe(readingMs, "gpu", "the GPUs of DRM", () => probeDrmGpus(machine)),
    probe(deviceMs, "codecs", "the codecs", () => probeCodecs(machine, { videoNodes, nvidia })),
    probe(readingMs, "network", "the network interfaces", () => probeNetwork(machine)),
    probe(readingMs, "frameworks", "the inference runtimes", () => probeFrameworks(machine)),
    probe(readingMs, sandbox, "the sandbox's strength", () => probeSandbox(machine)),
  ];
}

/** A reading that is begun now; it may fail before anybody waits for it. */
function shared<T>(read: () => Promise<T>): Promise<T> {
  const result = Promise.resolve().then(read);
  result.catch(() => undefined);
  return result;
}

async function runProbe({ about, what, limitMs, find }: Probe): Promise<Findings> {
  const answer = await withDeadline(limitMs, find);
  if (answer.ok) return answer.value;
  const detail = printable(`Nothing is known of ${what}: ${answer.detail}`);
  return { absences: about.map((each) => ({ about: each, code: answer.code, detail })) };
}
