// Whether a device has what a node requires, what it lacks, and why: nothing "almost" matches.
import { nearestName } from "../../platform/base/nearest.ts";
import { printable } from "../../platform/base/printable.ts";
import type { CapabilityRequirements } from "./requirements.ts";
import type { CapabilityStatement, StatedAbsence, StatedGpu } from "./statement.ts";

/** One need that isn't met. */
export interface Reason {
  /** Where it stands in the requirements: `gpu`, `cpu.cores`, `memory_gb`, `codecs.h264`, `devices.camera`, … */
  readonly need: string;
  /** What is there instead, in a few words: `2`, `none`, `software`. */
  readonly have: string;
  /** `needs 5 cores, and there are 4`. */
  readonly text: string;
  /** What the device itself says about why that is missing. */
  readonly absent?: StatedAbsence;
}

/** `missing`: preferences that aren't met. `reasons`: every required need that isn't. */
export type Match =
  | { readonly verdict: "matched" }
  | { readonly verdict: "degraded"; readonly missing: readonly Reason[] }
  | { readonly verdict: "refused"; readonly reasons: readonly Reason[]; readonly missing: readonly Reason[] };

/** Holds a device to every one of several requirements. Pure; what the device doesn't tell, it doesn't have.
 *
 * A GPU that isn't `required` and is `preferred` only degrades; one that is neither may be missing. All else is required.
 * `min_memory_gb` is held against the free memory of one GPU, or all of its memory where it doesn't tell how much is free.
 * `codecs` are what it decodes; `hardware_accel` asks for each of them in hardware, or for any where none is named. */
export function matchCapabilities(
  requirements: readonly CapabilityRequirements[],
  statement: CapabilityStatement,
): Match {
  const reasons = distinct(requirements.flatMap((needs) => unmetNeeds(needs, statement)));
  const required = new Set(reasons.map(({ text }) => text));
  const missing = distinct(requirements.flatMap((needs) => unmetWishes(needs, statement))).filter(
    ({ text }) => !required.has(text),
  );
  if (reasons.length > 0) return { verdict: "refused", reasons, missing };
  return missing.length > 0 ? { verdict: "degraded", missing } : { verdict: "matched" };
}

function unmetWishes({ gpu }: CapabilityRequirements, statement: CapabilityStatement): Reason[] {
  return gpu !== undefined && !gpu.required && gpu.preferred ? unmetGpu(gpu, statement, "prefers") : [];
}

function unmetNeeds(needs: CapabilityRequirements, statement: CapabilityStatement): Reason[] {
  const { gpu, codecs = [], frameworks = [], devices = [], hardware_accel = false } = needs;
  return [
    ...(gpu?.required ? unmetGpu(gpu, statement, "needs") : []),
    ...unmetCpu(needs, statement),
    ...unmetMemory(needs, statement),
    ...codecs.flatMap((codec) => unmetCodec(codec, hardware_accel, statement)),
    ...(hardware_accel && codecs.length === 0 ? unmetHardware(statement) : []),
    ...frameworks.flatMap((name) => unmetFramework(name, statement)),
    ...devices.flatMap((name) => unmetDevice(name, statement)),
  ];
}

type GpuNeed = NonNullable<CapabilityRequirements["gpu"]>;

function unmetGpu(need: GpuNeed, statement: CapabilityStatement, verb: "needs" | "prefers"): Reason[] {
  const least = need.min_memory_gb ?? 0;
  const fitting = statement.gpu.filter(({ type }) =>
    need.type === "any" ? type !== "none" : type === need.type,
  );
  if (fitting.some((gpu) => least <= 0 || (usableMemory(gpu) ?? -1) >= least)) return [];
  const wanted = `a GPU (${need.type})${least > 0 ? ` with ${least} GB free` : ""}`;
  const candidates = fitting.length > 0 ? fitting : statement.gpu;
  const have = candidates.map(nameGpu).join(", ") || "none";
  const text = `${verb} ${wanted}, and ${have === "none" ? "there is none" : `there is ${have}`}`;
  return [explain({ need: "gpu", have, text }, statement, ["gpu"])];
}

/** What a node can count on; null where the device doesn't tell. */
function usableMemory({ memory_free_gb, memory_gb }: StatedGpu): number | null {
  return memory_free_gb ?? memory_gb;
}

function nameGpu(gpu: StatedGpu): string {
  const memory = usableMemory(gpu);
  const kind = gpu.type === "none" ? "doesn't compute" : gpu.type;
  return `${gpu.model} (${kind}, ${memory === null ? "memory unknown" : `${memory} GB`})`;
}

function unmetCpu({ cpu }: CapabilityRequirements, statement: CapabilityStatement): Reason[] {
  const { cores, arch } = statement.cpu;
  const reasons: Reason[] = [];
  if (cpu?.cores !== undefined && cpu.cores > cores) {
    const text = `needs ${cpu.cores} cores, and there are ${cores}`;
    reasons.push(explain({ need: "cpu.cores", have: String(cores), text }, statement, ["cpu"]));
  }
  if (cpu?.arch !== undefined && cpu.arch !== "any" && cpu.arch !== arch) {
    const text = `needs a processor of ${cpu.arch}, and this is ${arch}`;
    reasons.push(explain({ need: "cpu.arch", have: arch, text }, statement, ["cpu"]));
  }
  return reasons;
}

function unmetMemory({ memory_gb: need }: CapabilityRequirements, statement: CapabilityStatement): Reason[] {
  const have = statement.memory_gb;
  if (need === undefined || need <= have) return [];
  const text = `needs ${need} GB of memory, and there are ${have}`;
  return [explain({ need: "memory_gb", have: String(have), text }, statement, ["memory"])];
}

function unmetCodec(codec: string, inHardware: boolean, statement: CapabilityStatement): Reason[] {
  const have = Object.hasOwn(statement.codecs, codec) ? statement.codecs[codec] : undefined;
  if (have === "hardware" || (have === "software" && !inHardware)) return [];
  const need = `the codec ${quote(codec)}${inHardware ? " in hardware" : ""}`;
  const but = have === undefined ? "it is not known here" : "it is in software here";
  const reason = {
    need: `codecs.${printable(codec)}`,
    have: have ?? "none",
    text: `needs ${need}, and ${but}`,
  };
  return [explain(reason, statement, [`codecs.${codec}`, "codecs"])];
}

function unmetHardware(statement: CapabilityStatement): Reason[] {
  const all = [...Object.values(statement.codecs), ...Object.values(statement.encoders)];
  if (all.includes("hardware")) return [];
  const text = "needs codecs in hardware, and none are known here";
  return [explain({ need: "hardware_accel", have: "none", text }, statement, ["codecs"])];
}

function unmetFramework(name: string, statement: CapabilityStatement): Reason[] {
  if (Object.hasOwn(statement.frameworks, name)) return [];
  const text = `needs the framework ${quote(name)}, and it is not known here`;
  const reason = { need: `frameworks.${printable(name)}`, have: "none", text };
  return [explain(reason, statement, [`frameworks.${name}`, "frameworks"])];
}

/** The words that `devices` may have, where a statement has them, and whether one is there. */
const deviceWords: Readonly<
  Record<string, { about: string; isThere(statement: CapabilityStatement): boolean }>
> = {
  camera: { about: "devices.cameras", isThere: ({ devices }) => devices.cameras.length > 0 },
  microphone: { about: "devices.microphones", isThere: ({ devices }) => devices.microphones.length > 0 },
  speaker: { about: "devices.speakers", isThere: ({ devices }) => devices.speakers.length > 0 },
  gpu: { about: "gpu", isThere: ({ gpu }) => gpu.some(({ type }) => type !== "none") },
  network: { about: "network", isThere: ({ network }) => network.some(({ up }) => up) },
};

function unmetDevice(name: string, statement: CapabilityStatement): Reason[] {
  const need = `devices.${printable(name)}`;
  const word = Object.hasOwn(deviceWords, name) ? deviceWords[name] : undefined;
  if (word === undefined) {
    const near = nearestName(name, Object.keys(deviceWords));
    const known = Object.keys(deviceWords).join(", ");
    const hint = near === undefined ? `known are ${known}` : `did you mean ${quote(near)}?`;
    return [
      { need, have: "unknown", text: `needs the device ${quote(name)}, which is no kind of device; ${hint}` },
    ];
  }
  if (word.isThere(statement)) return [];
  const text = `needs the device ${quote(name)}, and there is none`;
  return [explain({ need, have: "none", text }, statement, [word.about])];
}

/** Adds what the device says about it, the most particular first. */
function explain(reason: Reason, statement: CapabilityStatement, about: readonly string[]): Reason {
  const absent = about
    .map((part) => statement.absent.find((absence) => absence.about === part))
    .find((absence) => absence !== undefined);
  return absent === undefined ? reason : { ...reason, absent };
}

function distinct(reasons: readonly Reason[]): Reason[] {
  return [...new Map(reasons.map((reason) => [reason.text, reason])).values()];
}

/** A word of a manifest, which ends on a terminal. */
function quote(name: string): string {
  return JSON.stringify(printable(name, 60));
}
