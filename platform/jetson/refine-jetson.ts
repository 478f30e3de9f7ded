// What only a Jetson's own files tell: its module, Jetson Linux, the GPU that shares its memory, its video engines.
import { printable } from "../base/printable.ts";
import type { Absence, BoardFacts, BoardIdentity, GpuFacts } from "../contract/board-facts.ts";
import type { DeviceNode, Machine } from "../contract/machine.ts";
import { seeJetsonCodecs } from "./jetson-codecs.ts";
import { findModule, findPart, type JetsonModule, parseL4tVersion } from "./jetson-module.ts";
import { readTemperature } from "./jetson-temperature.ts";

/** Where the driver's part of CUDA lies: releases from 36 on, those before, and a container. */
const cudaLibraries = [
  "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1",
  "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1.1",
  "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so",
  "/usr/lib/aarch64-linux-gnu/libcuda.so.1",
  "/usr/local/cuda/version.json",
  "/usr/local/cuda/version.txt",
];
/** By which programs reach the GPU: releases from 36 on, and those before. */
const gpuFiles = ["/dev/nvgpu/igpu0/ctrl", "/dev/nvhost-ctrl-gpu", "/dev/nvhost-gpu"];

/** The facts of a Jetson made whole; those of another board as they are. */
export async function refineJetson(machine: Machine, facts: BoardFacts): Promise<BoardFacts> {
  if (facts.board.family !== "jetson") return facts;
  const [text, release, hasCuda, gpuFile, celsius] = await Promise.all([
    machine.readText("/proc/device-tree/compatible"),
    machine.readText("/etc/nv_tegra_release"),
    findCuda(machine, facts),
    findGpuFile(machine),
    readTemperature(machine),
  ]);
  const compatible = (text ?? "").split("\0", 32).map((name) => printable(name));
  const module = findModule(compatible);
  const l4t = parseL4tVersion(release ?? "");
  const thermal = { ...facts.thermal, celsius: celsius ?? facts.thermal.celsius };
  if (module === undefined) {
    return { ...facts, thermal, board: refineBoard(facts.board, compatible, undefined, l4t) };
  }
  const codecs = await seeJetsonCodecs(machine, module, facts.ffmpeg);
  const isReachable = gpuFile === undefined || gpuFile.file.isAccessible;
  return {
    ...facts,
    thermal,
    board: refineBoard(facts.board, compatible, module, l4t),
    gpus: [refineGpu(facts, module, l4t, hasCuda && isReachable), ...facts.gpus.filter(isCard)],
    // Of the desktop's means a Jetson has none, whatever else told so.
    hardwareCodecs: [
      ...facts.hardwareCodecs.filter(({ api }) => !/^nv(enc|dec)$/.test(api)),
      ...codecs.codecs,
    ],
    absences: [
      ...facts.absences.filter(({ about }) => about !== "gpu"),
      ...explainGpu(hasCuda, gpuFile),
      ...codecs.absences,
    ],
  };
}

function refineBoard(
  board: BoardIdentity,
  compatible: readonly string[],
  module: JetsonModule | undefined,
  l4t: string | undefined,
): BoardIdentity {
  const parts = [findPart(compatible), l4t === undefined ? undefined : `Jetson Linux ${l4t}`];
  const known = parts.filter((part) => part !== undefined);
  return {
    ...board,
    vendor: board.vendor ?? "NVIDIA",
    model: board.model ?? module?.name,
    revision: known.length === 0 ? board.revision : known.join(", "),
  };
}

async function findCuda(machine: Machine, facts: BoardFacts): Promise<boolean> {
  if (facts.frameworks["cuda"] !== undefined || facts.gpus.some(({ type }) => type === "cuda")) return true;
  const found = await Promise.all(cudaLibraries.map((path) => machine.resolve(path)));
  return found.some((path) => path !== undefined);
}

async function findGpuFile(machine: Machine): Promise<{ path: string; file: DeviceNode } | undefined> {
  for (const path of gpuFiles) {
    const file = await machine.deviceNode(path);
    if (file !== undefined) return { path, file };
  }
  return undefined;
}

/** A card in a slot computes and has memory of its own. What is left are the chip's GPU and its display controllers. */
function isCard({ type, memoryBytes, isMemoryShared }: GpuFacts): boolean {
  return type !== "none" && memoryBytes !== undefined && !isMemoryShared;
}

/** It takes what memory the processor leaves it. */
function refineGpu(
  facts: BoardFacts,
  module: JetsonModule,
  l4t: string | undefined,
  computes: boolean,
): GpuFacts {
  const { totalBytes, availableBytes } = facts.memory;
  return {
    type: computes ? "cuda" : "none",
    vendor: "NVIDIA",
    model: module.gpu,
    memoryBytes: totalBytes > 0 ? totalBytes : undefined,
    freeMemoryBytes: totalBytes > 0 ? availableBytes : undefined,
    isMemoryShared: true,
    driver: l4t === undefined ? "nvgpu" : `nvgpu ${l4t}`,
  };
}

function explainGpu(hasCuda: boolean, gpuFile: { path: string; file: DeviceNode } | undefined): Absence[] {
  if (gpuFile !== undefined && !gpuFile.file.isAccessible) {
    const { path, file } = gpuFile;
    const mend = /^[a-z][\w-]{0,30}$/.test(file.group)
      ? `sudo usermod -aG ${file.group} $USER, then log in again`
      : undefined;
    return [{ about: "gpu", code: "no-permission", detail: `This user may not open ${path}.`, mend }];
  }
  if (hasCuda) return [];
  return [
    {
      about: "gpu",
      code: "not-present",
      detail: "The Jetson's GPU is there, but neither CUDA nor its driver's library is installed.",
      mend: "sudo apt install nvidia-jetpack, or in a container: start it with --runtime nvidia",
    },
  ];
}
