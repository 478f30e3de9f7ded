// The reference page of the agent's file, rendered from its one schema.
import { agentConfigJsonSchema, formOf, type SettingSchema } from "./setting-docs.ts";

/** In Markdown: a table for every object of the file. */
export function renderAgentConfigReference(): string {
  const head = [
    "# The agent's file",
    "",
    "Generated from `agent/config/agent-config.ts` by `bun scripts/generate-agent-config-reference.ts`; don't edit.",
    "",
    "`remotemedia agent` reads it from `--config`, else from `agent.json` in `$REMOTEMEDIA_HOME`; it needn't be there. It is JSON with",
    "comments. Keys that are not listed are refused. Relative paths start at the file's folder. `remotemedia agent --print-config` prints",
    "a sample with all of this.",
  ];
  return `${[...head, ...renderObject("The file", "", agentConfigJsonSchema())].join("\n")}\n`;
}

function renderObject(title: string, path: string, schema: SettingSchema): string[] {
  const lines = [
    "",
    `## ${title}`,
    "",
    "| key | type | default | example | meaning |",
    "|---|---|---|---|---|",
  ];
  const inner: string[] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const fallback = schema.required?.includes(name) === true ? "required" : code(field.default);
    const cells = [code(name), typeOf(field), fallback, code(field.examples?.[0]), field.description ?? ""];
    lines.push(`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
    inner.push(...renderInner(path === "" ? name : `${path}.${name}`, field));
  }
  return [...lines, ...inner];
}

function renderInner(path: string, field: SettingSchema): string[] {
  const form = formOf(field);
  if (form.properties !== undefined) return renderObject(`\`${path}\``, path, form);
  if (form.items !== undefined) return renderInner(`${path}[]`, form.items);
  const entry = form.additionalProperties;
  return typeof entry === "object" ? renderInner(`${path}.NAME`, entry) : [];
}

function code(value: unknown): string {
  if (value === undefined) return "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function typeOf(field: SettingSchema): string {
  if (field.anyOf !== undefined) return field.anyOf.map(typeOf).join(" or ");
  if (field.const !== undefined) return code(field.const);
  if (field.enum !== undefined) return field.enum.map(code).join(" or ");
  if (field.items !== undefined) return `list of ${typeOf(field.items)}`;
  const [least, largest] = [field.minimum, field.maximum];
  return least === undefined ? String(field.type) : `${field.type} ${least} to ${largest}`;
}
