// From what probes found to the capability statement: pure, in an order that doesn't depend on how it was found.
import { printable } from "../../platform/base/printable.ts";
import type {
  Absence,
  BoardFacts,
  CameraFacts,
  GpuFacts,
  SoundFacts,
} from "../../platform/contract/board-facts.ts";
import { bounds, statementSchemaNumber } from "./bounds.ts";
import { describeCodecs } from "./describe-codecs.ts";
import { gibibytes, whole, within } from "./measure.ts";
import type { CapabilityStatement, StatedAbsence, StatedGpu } from "./statement.ts";
import { nodeWorld } from "./world.ts";

/** What the agent says of itself. */
export interface SelfFacts {
  /** The node types that it runs. */
  readonly nodeTypes: readonly string[];
  /** Pipelines and stages that run now. */
  readonly sessions: number;
  /** How long a frame waits for its turn now. */
  readonly queueMs: number;
  /** The most memory that one node may have. */
  readonly maxMemoryMb: number;
}

/** The statement of a machine. Whatever the facts hold, `parseStatement` takes what comes out: texts are cut to a line, numbers and
 * lists to the bounds. `device` is the host's name, `unknown` where it has none. */
export function describeCapabilities(facts: BoardFacts, self: SelfFacts): CapabilityStatement {
  const { codecs, encoders } = describeCodecs(facts);
  const { totalBytes, availableBytes } = facts.memory;
  return {
    schema: statementSchemaNumber,
    device: text(facts.host.name) ?? "unknown",
    time: isoTime(facts.time),
    board: {
      vendor: text(facts.board.vendor),
      model: text(facts.board.model),
      revision: text(facts.board.revision),
    },
    cpu: {
      cores: whole(facts.cpu.cores, bounds.cores),
      arch: printable(facts.cpu.arch),
      model: text(facts.cpu.model),
      features: names(facts.cpu.features, bounds.features),
    },
    memory_gb: gibibytes(totalBytes) ?? 0,
    storage_gb: gibibytes(facts.storage?.freeBytes),
    gpu: facts.gpus.slice(0, bounds.gpus).map(describeGpu),
    codecs,
    encoders,
    devices: {
      cameras: byId(facts.cameras).slice(0, bounds.cameras).map(describeCamera),
      microphones: byId(facts.microphones).slice(0, bounds.sounds).map(describeSound),
      speakers: byId(facts.speakers).slice(0, bounds.sounds).map(describeSound),
    },
    frameworks: describeFrameworks(facts.frameworks),
    sandbox: {
      seccomp: facts.sandbox.seccomp,
      cgroup: facts.sandbox.cgroup,
      max_memory_mb: whole(self.maxMemoryMb, 1e9),
    },
    node_types: names(self.nodeTypes, bounds.nodeTypes),
    wit: [nodeWorld],
    load: {
      cpu: hundredths(within(facts.cpu.load, 0, 1) ?? 0),
      memory: hundredths(within(1 - availableBytes / totalBytes, 0, 1) ?? 0),
      sessions: whole(self.sessions, 1e6),
      queue_ms: hundredths(within(self.queueMs, 0, 1e9) ?? 0),
    },
    thermal: {
      celsius: tenths(within(facts.thermal.celsius, -273, 1000)),
      throttled: causes(facts.thermal.throttling?.now),
      throttled_since_boot: causes(facts.thermal.throttling?.sinceBoot),
    },
    network: facts.network
      .toSorted((a, b) => compare(a.name, b.name))
      .slice(0, bounds.networks)
      .map(({ name, kind, isUp, speedMbps }) => ({
        name: printable(name),
        kind,
        up: isUp,
        mbps: within(speedMbps, 0, 1e9),
      })),
    absent: describeAbsences([...facts.absences, ...cutCameras(facts.cameras)]),
  };
}

function describeGpu(gpu: GpuFacts): StatedGpu {
  return {
    type: gpu.type,
    model: printable(gpu.model),
    memory_gb: gibibytes(gpu.memoryBytes),
    memory_free_gb: gibibytes(gpu.freeMemoryBytes),
    driver: text(gpu.driver),
    vendor: printable(gpu.vendor),
    memory_shared: gpu.isMemoryShared,
  };
}

function describeCamera({ id, name, formats }: CameraFacts) {
  return {
    id: printable(id),
    name: printable(name),
    formats: formats
      .slice(0, bounds.formats)
      .map(({ pixel, width, height, fps }) => ({
        pixel: printable(pixel, 16),
        width: whole(width, 65_536),
        height: whole(height, 65_536),
        fps: fps.filter((rate) => rate > 0 && rate <= 10_000).slice(0, bounds.rates),
      }))
      .filter(({ width, height }) => width > 0 && height > 0),
  };
}

function cutCameras(cameras: readonly CameraFacts[]): Absence[] {
  return cameras
    .filter(({ formats }) => formats.length > bounds.formats)
    .map(({ name, formats }) => ({
      about: "devices.cameras",
      code: "not-supported",
      detail: `${name} has ${formats.length} formats; the first ${bounds.formats} are told`,
    }));
}

function describeSound({ id, name, formats, maxChannels, rates }: SoundFacts) {
  return {
    id: printable(id),
    name: printable(name),
    formats:
      formats === undefined
        ? null
        : formats.slice(0, bounds.soundFormats).map((known) => printable(known, 32)),
    max_channels: maxChannels === undefined ? null : whole(maxChannels, bounds.channels),
    rates:
      rates === undefined
        ? null
        : { min: whole(rates.min, bounds.rateHz), max: whole(rates.max, bounds.rateHz) },
  };
}

function describeFrameworks(frameworks: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(frameworks)
    .filter(([name]) => /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$/.test(name))
    .toSorted(([a], [b]) => compare(a, b))
    .slice(0, bounds.words);
  return Object.fromEntries(entries.map(([name, version]) => [name, printable(version)]));
}

/** Sorted, each once. */
function describeAbsences(absences: readonly Absence[]): StatedAbsence[] {
  const stated = absences.map(({ about, code, detail, mend }) => ({
    about: printable(about, 64),
    code,
    detail: printable(detail, bounds.sentenceLength),
    ...(mend === undefined ? {} : { mend: printable(mend, bounds.sentenceLength) }),
  }));
  const once = new Map(stated.map((absence) => [JSON.stringify(absence), absence]));
  return [...once]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([, absence]) => absence)
    .slice(0, bounds.absences);
}

/** Before any statement: for a machine that doesn't know the time. */
const noTime = "1970-01-01T00:00:00.000Z";

function isoTime(time: Date): string {
  const year = time.getUTCFullYear();
  return year >= 0 && year <= 9999 ? time.toISOString() : noTime;
}

function text(known: string | undefined): string | null {
  return known === undefined ? null : printable(known) || null;
}

function causes(known: readonly string[] | undefined): string[] | null {
  return known === undefined ? null : names(known, bounds.throttleCauses);
}

/** Each once, sorted. */
function names(known: readonly string[], most: number): string[] {
  return [...new Set(known.map((name) => printable(name)))].toSorted(compare).slice(0, most);
}

function byId<Device extends { readonly id: string }>(devices: readonly Device[]): Device[] {
  return devices.toSorted((a, b) => compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Rounding makes -0 of what is just below nothing, which JSON doesn't have. */
function hundredths(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}

function tenths(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10 + 0;
}
