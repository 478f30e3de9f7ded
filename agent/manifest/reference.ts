// The manifest's reference page, rendered from its JSON Schema: what a field's `.describe()` says is what the page says.

import { manifestJsonSchema } from "./schema.ts";
import { isJsonObject, type JsonObject } from "./schema-walker.ts";

/** The reference page, in Markdown: a table for every object of a manifest. */
export function renderManifestReference(): string {
  const head = [
    "# The pipeline manifest, v1",
    "",
    "Generated from `agent/manifest/schema.ts` by `bun scripts/generate-manifest-reference.ts`; don't edit.",
    "Fields that are not listed are refused.",
  ];
  return `${[...head, ...renderObject("The manifest", "", manifestJsonSchema())].join("\n")}\n`;
}

function renderObject(title: string, path: string, schema: JsonObject): string[] {
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const lines = ["", `## ${title}`, "", "| field | type | default | meaning |", "|---|---|---|---|"];
  const inner: string[] = [];
  for (const [name, field] of Object.entries(schema["properties"] as Record<string, JsonObject>)) {
    const fallback = required.includes(name) ? "required" : showDefault(field["default"]);
    const meaning = escapeCell(String(field["description"] ?? ""));
    lines.push(`| \`${name}\` | ${escapeCell(showType(field))} | ${fallback} | ${meaning} |`);
    // The alias has the same fields as what it is another name of.
    if (name !== "edges") inner.push(...renderInner(path === "" ? name : `${path}.${name}`, field));
  }
  return [...lines, ...inner];
}

function renderInner(path: string, field: JsonObject): string[] {
  const element = field["items"];
  if (isJsonObject(element)) return renderInner(`${path}[]`, element);
  if (isJsonObject(field["properties"])) return renderObject(`\`${path}\``, path, field);
  const values = field["additionalProperties"];
  return isJsonObject(values) ? renderInner(`${path}.NAME`, values) : [];
}

function showDefault(value: unknown): string {
  return value === undefined ? "" : `\`${JSON.stringify(value)}\``;
}

function showType(field: JsonObject): string {
  if (field["not"] !== undefined) return "refused";
  if (field["const"] !== undefined) return `\`${JSON.stringify(field["const"])}\``;
  if (Array.isArray(field["enum"]))
    return field["enum"].map((value) => `\`${JSON.stringify(value)}\``).join(" or ");
  const element = field["items"];
  if (isJsonObject(element)) {
    const elements = Object.keys(element).length === 0 ? "anything" : showType(element);
    const count = showRange(field["minItems"], field["maxItems"]).trim();
    return `list${count === "" ? "" : ` (${count})`} of ${elements}`;
  }
  if (field["type"] === "string") {
    const most = field["maxLength"];
    return most === undefined ? "string" : `string of at most ${most} characters`;
  }
  return `${field["type"]} ${showRange(field["minimum"], field["maximum"])}`.trim();
}

/** Bounds that a person would want to know; those of safe integers are not. */
function showRange(least: unknown, most: unknown): string {
  const bounded = typeof most === "number" && most < Number.MAX_SAFE_INTEGER;
  if (bounded) return least === undefined ? `at most ${most} ` : `${least} to ${most} `;
  return least === undefined ? "" : `at least ${least} `;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
