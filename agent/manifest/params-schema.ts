// The JSON Schema of a node's params, as node.json carries it: checked, made finite, and ready to run.
import { z } from "zod";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { formatPath, type JsonPath } from "./json-path.ts";
import type { Locate } from "./parse-json.ts";
import { isJsonObject, type JsonObject, SchemaWalker } from "./schema-walker.ts";

/** A params schema that is safe to run. */
export interface ParamsSchema {
  /** The schema as a finite tree: references inlined, objects closed unless they say otherwise. */
  readonly tree: JsonObject;
  readonly validator: z.ZodType;
  /** Strings longer than this aren't matched against this schema's patterns; Infinity where none can run away. */
  readonly maxTextLength: number;
  /** Parts of the tree: each value of the params may meet each of them. */
  readonly parts: number;
}

/** Reads the params schema of a node.json, which is attacker-controlled. The subset of JSON Schema 2020-12 that is accepted: `type`,
 * `enum`, `const`, `anyOf`, `oneOf`, `$ref` to `$defs` without recursion, and the keywords about objects, arrays, strings and
 * numbers; `format` is an annotation. Anything else is refused, never ignored. An object that lists `properties` and is silent
 * on `additionalProperties` takes no others. `where` locates paths of the node.json in errors.
 * Throws RemoteMediaError `node-descriptor-invalid`. */
export function compileParamsSchema(
  schema: JsonObject,
  where: Locate = (path) => ({ path: formatPath(path) }),
): ParamsSchema {
  const fail = (path: JsonPath, message: string): never => {
    throw new RemoteMediaError("node-descriptor-invalid", `the params' schema: ${message}`, {
      where: where(["params", ...path]),
    });
  };
  const walker = new SchemaWalker(isJsonObject(schema["$defs"]) ? schema["$defs"] : {}, fail);
  const tree = walker.walk(schema, [], []);
  if (!isJsonObject(tree) || tree["type"] !== "object") return fail(["type"], 'it must be of type "object"');
  const validator = toValidator(tree, fail);
  for (const { path, value, schema: described } of walker.defaults) {
    if (!toValidator(described, fail).safeParse(value).success) {
      fail([...path, "default"], "the default doesn't fit its own schema");
    }
  }
  return { tree, validator, maxTextLength: walker.maxTextLength, parts: walker.parts };
}

function toValidator(tree: unknown, fail: (path: JsonPath, message: string) => never): z.ZodType {
  try {
    // Descriptions of other people's schemas stay out of zod's global registry.
    const registry = z.registry<Record<string, unknown>>();
    return z.fromJSONSchema(tree as Parameters<typeof z.fromJSONSchema>[0], { registry });
  } catch (cause) {
    return fail([], cause instanceof Error ? cause.message : String(cause));
  }
}

/** A copy of the params with the schema's defaults where a property is absent, inside nested objects too, but not inside lists. */
export function fillDefaults(tree: unknown, params: unknown): unknown {
  if (!isJsonObject(tree) || !isJsonObject(params) || !isJsonObject(tree["properties"])) return params;
  const filled: Record<string, unknown> = { ...params };
  for (const [name, schema] of Object.entries(tree["properties"])) {
    if (!isJsonObject(schema)) continue;
    if (!Object.hasOwn(filled, name) && schema["default"] !== undefined) filled[name] = schema["default"];
    if (Object.hasOwn(filled, name)) filled[name] = fillDefaults(schema, filled[name]);
  }
  return filled;
}
