// A machine's statement as a page for people, and what of it came, went or changed.
import type { CapabilityStatement } from "../capability/statement.ts";
import { count } from "./quantity.ts";
import { oneLine } from "./terminal.ts";

/** A line, or several, about one part of a statement. */
interface Section {
  readonly part: string;
  readonly title: string;
  readonly lines: readonly string[];
}

/** What facts have beyond the statement, for the first line. */
export interface SystemNames {
  readonly os: string | undefined;
  readonly kernel: string | undefined;
  readonly container: string | undefined;
}

const titleWidth = 12;

/** Lines. */
export function formatBoard(statement: CapabilityStatement, system: SystemNames): string[] {
  const { vendor, model, revision } = statement.board;
  const board = [model ?? vendor ?? "an unknown board", ...(revision === null ? [] : [revision])].join(" ");
  const kernel = system.kernel === undefined ? undefined : `Linux ${system.kernel}`;
  const within = system.container === undefined ? undefined : `in ${system.container}`;
  const names = [system.os, kernel, within].filter((name) => name !== undefined).join(", ");
  const title = `${statement.device}: ${board}${names === "" ? "" : ` (${names})`}`;
  return [title, ...sectionsOf(statement).flatMap(formatSection), ...formatAbsences(statement)].map(oneLine);
}

/** Lines on the parts that have changed. */
export function formatChange(
  before: CapabilityStatement,
  after: CapabilityStatement,
  changed: readonly string[],
): string[] {
  const parts = sectionsOf(after).filter(({ part }) => changed.includes(part));
  const absences = changed.includes("absent") ? formatAbsences(after) : [];
  return [changeTitle(before, after, changed), ...parts.flatMap(formatSection), ...absences].map(oneLine);
}

function changeTitle(
  before: CapabilityStatement,
  after: CapabilityStatement,
  changed: readonly string[],
): string {
  const [old, now] = [devicesOf(before), devicesOf(after)];
  const came = [...now].filter(([id]) => !old.has(id)).map(([, name]) => `+ ${name}`);
  const went = [...old].filter(([id]) => !now.has(id)).map(([, name]) => `- ${name}`);
  const news = [...went, ...came];
  const time = after.time.slice(11, 19);
  return `${time} ${news.length > 0 ? news.join(", ") : `changed: ${changed.join(", ")}`}`;
}

function devicesOf({ devices }: CapabilityStatement): Map<string, string> {
  const named = Object.entries(devices).flatMap(([kind, list]) =>
    list.map(({ id, name }) => [`${kind} ${id}`, `${kind.slice(0, -1)} ${name}`] as const),
  );
  return new Map(named);
}

function sectionsOf(statement: CapabilityStatement): Section[] {
  const { cpu, load, thermal, devices, sandbox } = statement;
  const features = cpu.features.length === 0 ? "" : ` (${cpu.features.join(" ")})`;
  const section = (part: string, title: string, lines: readonly string[]): Section => ({
    part,
    title,
    lines,
  });
  return [
    section("cpu", "cpu", [`${cpu.model ?? "unknown"}, ${cpu.cores} × ${cpu.arch}${features}`]),
    section("load", "load", [`cpu ${percent(load.cpu)}, memory ${percent(load.memory)}`]),
    section("memory_gb", "memory", [`${statement.memory_gb} GiB`]),
    section("storage_gb", "storage", [orUnknown(statement.storage_gb, (free) => `${free} GiB free`)]),
    section("thermal", "temperature", [describeThermal(thermal)]),
    section("gpu", "gpu", orNone(statement.gpu.map(describeGpu))),
    section("devices.cameras", "cameras", orNone(devices.cameras.flatMap(describeCamera))),
    section("devices.microphones", "microphones", orNone(devices.microphones.map(describeSound))),
    section("devices.speakers", "speakers", orNone(devices.speakers.map(describeSound))),
    section("codecs", "decodes", describeCodecs(statement.codecs)),
    section("encoders", "encodes", describeCodecs(statement.encoders)),
    section(
      "frameworks",
      "frameworks",
      orNone(Object.entries(statement.frameworks).map(([name, version]) => `${name} ${version}`)),
    ),
    section("network", "network", orNone(statement.network.map(describeNetwork))),
    section("sandbox", "sandbox", [
      `${sandbox.seccomp ? "seccomp" : "no seccomp"}, ${sandbox.cgroup ? "cgroups" : "no cgroups"}, up to ${sandbox.max_memory_mb} MiB a node`,
    ]),
  ];
}

function formatSection({ title, lines }: Section): string[] {
  return lines.map((line, at) => `  ${(at === 0 ? title : "").padEnd(titleWidth)} ${line}`);
}

function formatAbsences({ absent }: CapabilityStatement): string[] {
  if (absent.length === 0) return [];
  return [
    "",
    "What is missing, and why:",
    ...absent.flatMap(({ about, detail, mend }) => [
      `  ${about}: ${detail}`,
      ...(mend === undefined ? [] : [`    → ${mend}`]),
    ]),
  ];
}

function describeThermal(thermal: CapabilityStatement["thermal"]): string {
  const heat = orUnknown(thermal.celsius, (degrees) => `${degrees} °C`);
  const now = thermal.throttled ?? [];
  const before = (thermal.throttled_since_boot ?? []).filter((cause) => !now.includes(cause));
  const held = (when: string, causes: readonly string[]) =>
    causes.length === 0 ? "" : `, held back ${when}: ${causes.join(", ")}`;
  return `${heat}${held("now", now)}${held("since boot", before)}`;
}

function describeGpu(gpu: CapabilityStatement["gpu"][number]): string {
  const kind = gpu.type === "none" ? "shows pictures only" : gpu.type;
  const free = gpu.memory_free_gb === null ? "" : `, ${gpu.memory_free_gb} free`;
  const memory = orUnknown(
    gpu.memory_gb,
    (size) => `${size} GiB${free}${gpu.memory_shared ? " shared" : ""}`,
  );
  return `${gpu.model}: ${kind}, ${gpu.driver ?? "no driver"}, memory ${memory}`;
}

type Camera = CapabilityStatement["devices"]["cameras"][number];
type Format = Camera["formats"][number];

/** Its name, and for each pixel format the largest picture at its highest rate. */
function describeCamera({ id, name, formats }: Camera): string[] {
  const best = new Map<string, Format>();
  for (const format of formats) {
    const known = best.get(format.pixel);
    if (known === undefined || weigh(format) > weigh(known)) best.set(format.pixel, format);
  }
  const shown = [...best.values()].map(({ pixel, width, height, fps }) => {
    const rate = fps.length === 0 ? "" : ` ${Math.max(...fps)}/s`;
    return `${pixel} ${width}×${height}${rate}`;
  });
  return [`${name} [${id}]`, ...(shown.length === 0 ? [] : [`  ${shown.join(", ")}`])];
}

function weigh({ width, height, fps }: Format): number {
  return width * height + Math.max(0, ...fps) / 100_000;
}

function describeSound({
  id,
  name,
  max_channels,
  rates,
}: CapabilityStatement["devices"]["speakers"][number]): string {
  const channels = max_channels === null ? [] : [`up to ${count(max_channels, "channel")}`];
  const range = rates === null ? [] : [`${rates.min} to ${rates.max} Hz`];
  const details = [...channels, ...range].join(", ");
  return `${name} [${id}]${details === "" ? "" : `: ${details}`}`;
}

/** The statement has them by how much people ask for them. */
const mostShownCodecs = 12;

function describeCodecs(codecs: CapabilityStatement["codecs"]): readonly string[] {
  const lines = ["hardware", "software"].flatMap((how) => {
    const names = Object.keys(codecs).filter((codec) => codecs[codec] === how);
    const more = names.length - mostShownCodecs;
    const shown = names.slice(0, mostShownCodecs).join(" ");
    return names.length === 0 ? [] : [`in ${how}: ${shown}${more > 0 ? ` and ${more} more` : ""}`];
  });
  return orNone(lines);
}

function describeNetwork({ name, kind, up, mbps }: CapabilityStatement["network"][number]): string {
  return `${name}: ${kind}, ${up ? "up" : "down"}${mbps === null ? "" : `, ${mbps} Mbit/s`}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function orUnknown(value: number | null, describe: (value: number) => string): string {
  return value === null ? "unknown" : describe(value);
}

function orNone(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? ["none"] : lines;
}
