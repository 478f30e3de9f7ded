// A validator's issues in the words of this program: what is wrong, exactly where, and what was probably meant.
import type { z } from "zod";
import { nearestName } from "../../platform/base/nearest.ts";
import { type JsonPath, quote } from "./json-path.ts";
import { knownKeysAt } from "./json-schema-at.ts";
import { maxProblems, nameHint } from "./problem-list.ts";

export interface Problem {
  readonly path: JsonPath;
  /** Whether the fault is the key, not its value. */
  readonly at: "key" | "value";
  readonly message: string;
  readonly hint: string | undefined;
}

type Issue = z.core.$ZodIssue;

/** What a field is called in messages: "field" in a manifest, "param" in a node's params. */
interface Subject {
  readonly noun: string;
  /** The JSON Schema that the value was checked against: where the known names come from. */
  readonly schema: unknown;
  readonly value: unknown;
}

/** One issue → the problems in it: an issue about unknown keys names several, of which the first
 * hundred are told. Paths are relative to the checked value. */
export function describeIssue(issue: Issue, subject: Subject): Problem[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.slice(0, maxProblems).map((key) => unknownKey(path, key, subject));
    case "invalid_key":
      return [unfitKey(path, issue.issues)];
    case "invalid_union":
      return describeUnion(path, issue.errors, subject);
    default:
      return [describeValue(path, issue, subject)];
  }
}

function unknownKey(path: JsonPath, key: string, subject: Subject): Problem {
  const hint = nameHint(key, knownKeysAt(subject.schema, path), `no ${subject.noun} is known here`);
  return { path: [...path, key], at: "key", message: `unknown ${subject.noun} ${quote(key)}`, hint };
}

function unfitKey(path: JsonPath, issues: readonly Issue[]): Problem {
  const wanted = issues.map((issue) => issue.message).join(", ");
  return { path, at: "key", message: `the name ${quote(String(path.at(-1)))} doesn't fit`, hint: wanted };
}

function describeValue(path: JsonPath, issue: Issue, subject: Subject): Problem {
  const found = valueAt(subject.value, path);
  const last = path.at(-1);
  if (found === undefined && typeof last === "string") {
    const message = `missing ${subject.noun} ${quote(last)}`;
    return { path, at: "value", message, hint: `it must be ${expectation(issue)}` };
  }
  const expected = `expected ${expectation(issue)}, found ${describeFound(found)}`;
  const message = issue.code === "custom" ? lowerFirst(issue.message) : expected;
  return { path, at: "value", message, hint: nearestValue(issue, found) };
}

function nearestValue(issue: Issue, found: unknown): string | undefined {
  if (issue.code !== "invalid_value" || typeof found !== "string" || found.length > 64) return undefined;
  const near = nearestName(
    found,
    issue.values.filter((value) => typeof value === "string"),
  );
  return near === undefined ? undefined : `did you mean ${quote(near)}?`;
}

/** The alternative that came furthest is the one that was meant; where none got anywhere, all are named. */
function describeUnion(path: JsonPath, branches: readonly (readonly Issue[])[], subject: Subject): Problem[] {
  const depth = (issues: readonly Issue[]) => Math.max(0, ...issues.map((issue) => issue.path.length));
  const unknownOnly = (issues: readonly Issue[]) =>
    issues.every((issue) => issue.code === "unrecognized_keys");
  const meant = branches.find((issues) => depth(issues) > 0 || (issues.length > 0 && unknownOnly(issues)));
  if (meant !== undefined) {
    return meant.flatMap((issue) =>
      describeIssue({ ...issue, path: [...path, ...issue.path] } as Issue, subject),
    );
  }
  const found = describeFound(valueAt(subject.value, path));
  const wanted = [...new Set(branches.flatMap((issues) => issues.slice(0, 1).map(expectation)))];
  const message =
    branches.length === 0
      ? `${found} fits more than one of the alternatives`
      : `expected ${wanted.join(" or ")}, found ${found}`;
  return [{ path, at: "value", message, hint: undefined }];
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  null: "null",
  never: "nothing",
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeNames[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values
        .map((value) => (typeof value === "string" ? quote(value) : String(value)))
        .join(" or ");
    case "too_small":
      return bound(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
    case "too_big":
      return bound(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_format":
      return issue.message.startsWith("Invalid")
        ? `a string that fits ${issue.pattern ?? issue.format}`
        : issue.message;
    default:
      return issue.message;
  }
}

const units: Readonly<Record<string, string>> = {
  string: "character",
  array: "element",
  object: "field",
  record: "field",
};

function bound(origin: string, comparison: string, limit: number | bigint): string {
  const unit = units[origin];
  return `${comparison} ${limit}${unit === undefined ? "" : ` ${unit}${limit === 1 ? "" : "s"}`}`;
}

function describeFound(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? quote(value) : String(value);
}

function valueAt(value: unknown, path: JsonPath): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}
