// The predicate of SLSA provenance v1, read out of a statement: only what we show or judge, each part bounded.
import { printable } from "../../platform/base/printable.ts";
import type { Refuse } from "./refuse.ts";
import { isObject, type JsonObject } from "./strict-json.ts";

/** @see https://slsa.dev/spec/v1.0/provenance */
export const provenancePredicateType = "https://slsa.dev/provenance/v1";
export const maxDependencies = 4096;

/** Something that went into a build. */
export interface ProvenanceDependency {
  /** Such as its path in the folder. */
  readonly name?: string;
  readonly uri?: string;
  /** Algorithm (`sha256`, `gitCommit`, …) → hexadecimal digits. */
  readonly digest: Readonly<Record<string, string>>;
  readonly mediaType?: string;
}

/** What a provenance claims; names are cut to one printable line. */
export interface ProvenanceClaims {
  /** A URI that says what kind of build it was. */
  readonly buildType: string;
  /** A URI: who ran the build. */
  readonly builder: string;
  /** Part of the builder → its version. */
  readonly builderVersion: Readonly<Record<string, string>>;
  readonly invocationId?: string;
  /** ISO 8601. */
  readonly startedOn?: string;
  readonly finishedOn?: string;
  readonly dependencies: readonly ProvenanceDependency[];
  /** The dependency that is a commit (`git+…`). */
  readonly source?: ProvenanceDependency;
}

/** Reads the predicate. Fields that we don't know are passed over, as the specification asks; those we know have their type.
 * What would have to be there and isn't, is refused. */
export function readProvenance(predicate: JsonObject, refuse: Refuse): ProvenanceClaims {
  const definition = objectAt(predicate, "buildDefinition", refuse);
  const run = objectAt(predicate, "runDetails", refuse);
  const builder = objectAt(run, "builder", refuse);
  const metadata = run["metadata"] === undefined ? {} : objectAt(run, "metadata", refuse);
  objectAt(definition, "externalParameters", refuse);
  const dependencies = readDependencies(definition["resolvedDependencies"], refuse);
  const source = dependencies.find(({ uri }) => uri?.startsWith("git+"));
  const invocationId = textAt(metadata, "invocationId", refuse);
  const startedOn = timeAt(metadata, "startedOn", refuse);
  const finishedOn = timeAt(metadata, "finishedOn", refuse);
  return {
    buildType: requiredAt(definition, "buildType", refuse),
    builder: requiredAt(builder, "id", refuse),
    builderVersion: textsAt(builder, "version", refuse),
    ...(invocationId === undefined ? {} : { invocationId }),
    ...(startedOn === undefined ? {} : { startedOn }),
    ...(finishedOn === undefined ? {} : { finishedOn }),
    dependencies,
    ...(source === undefined ? {} : { source }),
  };
}

function readDependencies(value: unknown, refuse: Refuse): readonly ProvenanceDependency[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw refuse("has resolvedDependencies that are no list");
  if (value.length > maxDependencies) throw refuse(`has more than ${maxDependencies} dependencies`);
  return value.map((entry) => {
    if (!isObject(entry)) throw refuse("has a dependency that is no object");
    const [name, uri, mediaType] = ["name", "uri", "mediaType"].map((field) => textAt(entry, field, refuse));
    const digest = textsAt(entry, "digest", refuse);
    return {
      ...(name === undefined ? {} : { name }),
      ...(uri === undefined ? {} : { uri }),
      digest,
      ...(mediaType === undefined ? {} : { mediaType }),
    };
  });
}

function objectAt(value: JsonObject, field: string, refuse: Refuse): JsonObject {
  const found = value[field];
  if (!isObject(found)) throw refuse(`has no ${field}`);
  return found;
}

/** One printable line; undefined where the field isn't there or is empty. */
function textAt(value: JsonObject, field: string, refuse: Refuse): string | undefined {
  const found = value[field];
  if (found === undefined || found === "") return undefined;
  if (typeof found !== "string") throw refuse(`has a ${field} that isn't text`);
  return printable(found, 512);
}

/** As it is: what is compared with a policy isn't cut. */
function requiredAt(value: JsonObject, field: string, refuse: Refuse): string {
  const found = textAt(value, field, refuse);
  if (found === undefined || found !== value[field]) throw refuse(`has no ${field} that is a plain URI`);
  return found;
}

function timeAt(value: JsonObject, field: string, refuse: Refuse): string | undefined {
  const found = textAt(value, field, refuse);
  if (found === undefined) return undefined;
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
  if (!form.test(found) || Number.isNaN(Date.parse(found))) throw refuse(`has a ${field} that is no time`);
  return found;
}

function textsAt(value: JsonObject, field: string, refuse: Refuse): Readonly<Record<string, string>> {
  const found = value[field];
  if (found === undefined) return {};
  if (!isObject(found) || Object.keys(found).length > 64)
    throw refuse(`has a ${field} that is no small object`);
  const texts = Object.entries(found).map(([key, text]): [string, string] => {
    if (typeof text !== "string") throw refuse(`has a ${field} with something else than text`);
    return [printable(key, 64), printable(text, 256)];
  });
  return Object.fromEntries(texts);
}
