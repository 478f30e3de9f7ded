// The operator's word over what probes found: parts of a statement that are set, and marked as such.
import { z } from "zod";
import type { RemoteMediaError } from "../../platform/base/error.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import { bounds } from "./bounds.ts";
import { type CapabilityStatement, type StatedGpu, statementParts } from "./statement.ts";

const { board, cpu, memory_gb, storage_gb, gpu, codecs, devices, frameworks } = statementParts;
const unknown = {
  memory_gb: null,
  memory_free_gb: null,
  driver: null,
  vendor: "unknown",
  memory_shared: false,
};

/** Null takes a codec or a framework out that was found. */
const codecsSet = z.record(codecs.keyType, codecs.valueType.nullable());

const overridesSchema = z
  .strictObject({
    board: z.strictObject(board.shape).partial(),
    cpu: z.strictObject(cpu.shape).partial(),
    memory_gb,
    storage_gb,
    // What isn't said of a GPU isn't known.
    gpu: z
      .array(z.strictObject(gpu.element.partial().required({ type: true, model: true }).shape))
      .max(bounds.gpus)
      .transform((all): StatedGpu[] => all.map((one) => ({ ...unknown, ...one }) as StatedGpu)),
    codecs: codecsSet,
    encoders: codecsSet,
    devices: z.strictObject(devices.shape).partial(),
    frameworks: z.record(frameworks.keyType, frameworks.valueType.nullable()),
  })
  .partial();

/** What the operator says of this device. */
export type StatementOverrides = z.output<typeof overridesSchema>;

/** How a part of the configuration is refused: where it lies is the caller's to know. */
export type RefuseOverride = (
  path: readonly (string | number)[],
  why: string,
  hint?: string,
) => RemoteMediaError;

/** @throws what `refuse` makes of the first part that can't be set */
export function parseOverrides(input: unknown, refuse: RefuseOverride): StatementOverrides {
  const parsed = overridesSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code !== "unrecognized_keys") throw refuse(path, `can't be stated: ${issue.message}`);
  const [key = ""] = issue.keys;
  const known = path.length === 0 ? Object.keys(overridesSchema.shape) : [];
  const near = nearestName(key, known);
  const hint = near === undefined ? known.join(", ") : `did you mean ${near}?`;
  throw refuse(
    [...path, key],
    "can't be stated",
    hint === "" ? undefined : near === undefined ? `there are ${hint}` : hint,
  );
}

/** Objects are merged part by part, lists are replaced; absences of what is set are taken out, `source` says which parts are. Pure.
 * @param price what the agent asks, in the mesh's unit; undefined where it says none */
export function overrideStatement(
  statement: CapabilityStatement,
  overrides: StatementOverrides,
  price?: number,
): CapabilityStatement {
  const set = listSet(overrides, price);
  if (set.length === 0) return statement;
  return {
    ...statement,
    ...(overrides.memory_gb === undefined ? {} : { memory_gb: overrides.memory_gb }),
    ...(overrides.storage_gb === undefined ? {} : { storage_gb: overrides.storage_gb }),
    ...(overrides.gpu === undefined ? {} : { gpu: overrides.gpu }),
    ...(price === undefined ? {} : { price }),
    board: { ...statement.board, ...given(overrides.board) },
    cpu: { ...statement.cpu, ...given(overrides.cpu) },
    devices: { ...statement.devices, ...given(overrides.devices) },
    codecs: merge(statement.codecs, overrides.codecs),
    encoders: merge(statement.encoders, overrides.encoders),
    frameworks: merge(statement.frameworks, overrides.frameworks),
    absent: statement.absent.filter(({ about }) => !set.some((part) => isAbout(about, part))),
    source: { ...statement.source, ...Object.fromEntries(set.map((part) => [part, "config"])) },
  };
}

/** The parts that are set, as `source` names them. */
function listSet(
  { memory_gb, storage_gb, gpu, ...objects }: StatementOverrides,
  price: number | undefined,
): string[] {
  const whole = Object.entries({ memory_gb, storage_gb, gpu, price }).filter(
    ([, value]) => value !== undefined,
  );
  const inner = Object.entries(objects).flatMap(([part, values]) =>
    Object.entries(values ?? {})
      .filter(([, value]) => value !== undefined)
      .map(([name]) => `${part}.${name}`),
  );
  return [...whole.map(([name]) => name), ...inner].slice(0, bounds.sources);
}

/** Absences speak of `memory` where a statement says `memory_gb`; what is said of all codecs isn't over by one that is set. */
function isAbout(about: string, part: string): boolean {
  const name = part.replace(/_gb$/, "");
  return about === name || about.startsWith(`${name}.`);
}

/** What is set goes first: beyond the bound, what was found gives way. */
function merge<Value>(
  found: Readonly<Record<string, Value>>,
  set: Readonly<Record<string, Value | null>> | undefined,
): Record<string, Value> {
  const merged: Record<string, Value> = {};
  for (const [name, value] of Object.entries({ ...set, ...found, ...set })) {
    if (value !== null && Object.keys(merged).length < bounds.words) merged[name] = value;
  }
  return merged;
}

/** Without the keys that are there and undefined. */
function given<T extends object>(part: T | undefined): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(part ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}
