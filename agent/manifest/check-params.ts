// A node's params against its schema: what is wrong with them, and the params with the defaults filled in.
import { describeIssue, type Problem } from "./describe-issue.ts";
import type { JsonPath } from "./json-path.ts";
import { fillDefaults, type ParamsSchema } from "./params-schema.ts";

export interface CheckedParams {
  /** A new object: what was given, plus the schema's defaults. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Paths are relative to the params. */
  readonly problems: readonly Problem[];
}

const maxValues = 50_000;

/** Checks `params`, which are left as they are. Without a schema they pass unchecked. */
export function checkParams(
  schema: ParamsSchema | undefined,
  params: Readonly<Record<string, unknown>>,
): CheckedParams {
  if (schema === undefined) return { params, problems: [] };
  const refused = findUnbounded(params, schema.maxTextLength);
  if (refused !== undefined) return { params, problems: [refused] };
  const filled = fillDefaults(schema.tree, params) as Record<string, unknown>;
  const result = schema.validator.safeParse(filled);
  if (result.success) return { params: filled, problems: [] };
  const subject = { noun: "param", schema: schema.tree, value: filled };
  const problems = result.error.issues.slice(0, 100).flatMap((issue) => describeIssue(issue, subject));
  return { params: filled, problems };
}

/** What would let the check of a node's params take too long: more values than anyone writes, or a text that a pattern of the schema
 * could run away on. */
function findUnbounded(params: unknown, maxTextLength: number): Problem | undefined {
  let count = 0;
  const visit = (value: unknown, path: JsonPath): Problem | undefined => {
    if (++count > maxValues) {
      return { path: [], at: "value", message: `more than ${maxValues} values in params`, hint: undefined };
    }
    if (typeof value === "string" && value.length > maxTextLength) {
      const message = `a text of ${value.length} characters is too long for the patterns of this node's schema`;
      return { path, at: "value", message, hint: `at most ${maxTextLength} characters` };
    }
    if (typeof value !== "object" || value === null) return undefined;
    const steps: Iterable<[string | number, unknown]> = Array.isArray(value)
      ? value.entries()
      : Object.entries(value);
    for (const [step, inner] of steps) {
      const found = visit(inner, [...path, step]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(params, []);
}
