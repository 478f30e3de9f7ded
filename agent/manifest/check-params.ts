// A node's params against its schema: what is wrong with them, and the params with the defaults filled in.
import { describeIssue, type Problem } from "./describe-issue.ts";
import type { JsonPath } from "./json-path.ts";
import { fillDefaults, type ParamsSchema } from "./params-schema.ts";
import { maxProblems } from "./problem-list.ts";

interface CheckedParams {
  /** A new object: what was given, plus the schema's defaults. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Paths are relative to the params. */
  readonly problems: readonly Problem[];
}

/** What the checks of one manifest's params may cost together, in meetings of a value with a part of a schema: a million
 * take up to a second. Both sides come from elsewhere. */
export interface CheckBudget {
  meetings: number;
}

/** A budget for the params of one manifest. */
export function checkBudget(): CheckBudget {
  return { meetings: 2_000_000 };
}

/** Checks `params`, which are left as they are. Without a schema they pass unchecked. */
export function checkParams(
  schema: ParamsSchema | undefined,
  params: Readonly<Record<string, unknown>>,
  budget: CheckBudget = checkBudget(),
): CheckedParams {
  if (schema === undefined) return { params, problems: [] };
  const refused = findUnbounded(params, schema, budget);
  if (refused !== undefined) return { params, problems: [refused] };
  const filled = fillDefaults(schema.tree, params) as Record<string, unknown>;
  const result = schema.validator.safeParse(filled);
  if (result.success) return { params: filled, problems: [] };
  const subject = { noun: "param", schema: schema.tree, value: filled };
  const problems = result.error.issues
    .slice(0, maxProblems)
    .flatMap((issue) => describeIssue(issue, subject));
  return { params: filled, problems };
}

/** What would let the check take too long: more values than the budget is good for, or a text that a pattern of the
 * schema could run away on. */
function findUnbounded(params: unknown, schema: ParamsSchema, budget: CheckBudget): Problem | undefined {
  const { maxTextLength, parts } = schema;
  const visit = (value: unknown, path: JsonPath): Problem | undefined => {
    budget.meetings -= parts;
    if (budget.meetings < 0) {
      return { path: [], at: "value", message: "too many values in params to check them", hint: undefined };
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
