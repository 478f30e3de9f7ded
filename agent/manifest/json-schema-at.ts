// What a JSON Schema says about one place of a document: which keys are known there.
import type { JsonPath } from "./json-path.ts";

type Schema = Readonly<Record<string, unknown>>;

/** The property names that `schema` knows at `path`, whichever alternative they come from. Schemas here are finite trees: references
 * have been inlined. */
export function knownKeysAt(schema: unknown, path: JsonPath): string[] {
  let here = branches(schema);
  for (const step of path) here = here.flatMap((one) => branches(child(one, step)));
  const properties = here.flatMap((one) => Object.entries(asSchema(one["properties"]) ?? {}));
  return [...new Set(properties.filter(([, schema]) => !isNever(schema)).map(([name]) => name))];
}

/** `{"not": {}}` and `false` take no value: such a name is known only to be refused. */
function isNever(schema: unknown): boolean {
  return schema === false || asSchema(schema)?.["not"] !== undefined;
}

function child(schema: Schema, step: string | number): unknown {
  if (typeof step === "number") {
    const positional = schema["prefixItems"];
    return (Array.isArray(positional) ? positional[step] : undefined) ?? schema["items"];
  }
  const properties = asSchema(schema["properties"]);
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[step];
  return schema["additionalProperties"];
}

/** The schema itself and the alternatives inside it. */
function branches(schema: unknown): Schema[] {
  const one = asSchema(schema);
  if (one === undefined) return [];
  const alternatives = [one["anyOf"], one["oneOf"]].flatMap((list) => (Array.isArray(list) ? list : []));
  return [one, ...alternatives.flatMap(branches)];
}

function asSchema(value: unknown): Schema | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : undefined;
}
