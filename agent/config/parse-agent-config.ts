// The agent's file → settings, or a refusal that says where, what, and which key was meant.
import type * as z from "zod/mini";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import { printable } from "../../platform/base/printable.ts";
import { type AgentConfig, agentConfigSchema } from "./agent-config.ts";
import {
  type CommentedJson,
  formatSetting,
  parseCommentedJson,
  type SettingPath,
} from "./parse-commented-json.ts";
import { agentConfigJsonSchema, settingAt } from "./setting-docs.ts";

export interface ParsedAgentConfig {
  readonly settings: AgentConfig;
  /** For what is checked later, elsewhere: refuses a setting of this file. */
  refuse(path: SettingPath, message: string, hint?: string): RemoteMediaError;
}

/** `file` is named in errors. A text without any value, such as an empty one, has every default.
 * @throws RemoteMediaError `config-invalid` */
export function parseAgentConfig(text: string, file: string): ParsedAgentConfig {
  const document = parseDocument(text, file);
  const refuse = (path: SettingPath, message: string, hint?: string, at: "value" | "key" = "value") =>
    new RemoteMediaError("config-invalid", `${formatSetting(path) || "the file"} ${message}`, {
      where: document.where(path, at),
      hint: hint ?? "remotemedia agent --print-config shows every setting",
    });
  const parsed = agentConfigSchema.safeParse(document.value ?? {}, { reportInput: true });
  if (parsed.success) return { settings: parsed.data, refuse };
  const issue = deepest(parsed.error.issues[0]!);
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code !== "unrecognized_keys") throw refuse(path, describe(issue));
  const [key = ""] = issue.keys;
  const known = Object.keys(settingAt(agentConfigJsonSchema(), path)?.properties ?? {});
  const near = nearestName(key, known);
  throw refuse(
    [...path, key],
    "is no setting",
    near === undefined ? `there are ${known.join(", ")}` : `did you mean ${near}?`,
    "key",
  );
}

function parseDocument(text: string, file: string): CommentedJson {
  const isEmpty = text.replace(/\/\/[^\n\r]*|\/\*[\s\S]*?\*\//g, "").trim() === "";
  return parseCommentedJson(isEmpty ? "{}" : text, file);
}

/** Of a choice between forms, the complaint of the form that fits best: the one that looked deepest into the value. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code === "invalid_key") return { ...issue.issues[0]!, path: issue.path };
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors
    .flatMap((form) => form.slice(0, 1))
    .map((found) => deepest({ ...found, path: [...issue.path, ...found.path] }));
  const best = inner.find(
    ({ path, code }) => path.length > issue.path.length || code === "unrecognized_keys",
  );
  return best ?? issue;
}

function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is missing" : `must be ${article(issue.expected)}`;
    case "invalid_value":
      return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "invalid_union":
      return "must be false, or an object";
    case "too_big":
      return issue.message === "Invalid input" ? `must be at most ${issue.maximum}` : issue.message;
    case "too_small":
      return issue.message === "Invalid input" ? `must be at least ${issue.minimum}` : issue.message;
    default:
      return printable(issue.message, 300);
  }
}

function article(type: string): string {
  const names: Readonly<Record<string, string>> = {
    record: "an object",
    object: "an object",
    array: "a list",
    boolean: "true or false",
  };
  return names[type] ?? `a ${type}`;
}
