// All that is to know about one node type, for people.
import type { NodeDescriptor, PortDescriptor } from "../node/descriptor.ts";
import { formatTable } from "./table.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Lines. */
export function formatNode(node: NodeDescriptor): string[] {
  const limits = Object.entries(node.limits).map(([name, value]) => `${name} ${value}`);
  return [
    `${node.name} ${node.version}: ${node.summary}`,
    ...section("takes", formatPorts(node.inputs)),
    ...section("gives", formatPorts(node.outputs)),
    ...section("params", formatParams(node.params ?? {})),
    ...section("limits", limits.length === 0 ? [] : [`  ${limits.join(", ")}`]),
    ...section("needs", Object.keys(node.needs).length === 0 ? [] : [`  ${JSON.stringify(node.needs)}`]),
    "",
    node.stateful
      ? "Keeps state: what a call gives depends on the calls before it."
      : "Keeps no state between calls.",
    ...section("in a manifest", [`  ${exampleOf(node)}`]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? ["", `${title}: none`] : ["", `${title}:`, ...lines];
}

function formatPorts(ports: Readonly<Record<string, PortDescriptor>>): string[] {
  return Object.entries(ports).flatMap(([name, { kinds, required, description }]) => [
    `  ${name}: ${kinds.join(", ")}${required ? "" : " (optional)"}`,
    ...(description === undefined ? [] : [`    ${description}`]),
  ]);
}

interface Param {
  readonly name: string;
  readonly schema: JsonObject;
  readonly required: boolean;
}

function formatParams(schema: JsonObject): string[] {
  const params = listParams(schema, "");
  if (params.length === 0) return [];
  return formatTable(
    [
      { title: "name", text: ({ name }) => name },
      { title: "type", text: ({ schema: param }) => describeType(param) },
      { title: "default", text: describeDefault },
      { title: "range", text: ({ schema: param }) => describeRange(param) },
      { title: "", text: ({ schema: param }) => String(param["description"] ?? "") },
    ],
    params,
  );
}

/** Nested objects' params stand below, with their path as the name. */
function listParams(schema: JsonObject, prefix: string): Param[] {
  const properties = asObject(schema["properties"]);
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(properties).flatMap(([name, value]) => {
    const param = { name: prefix + name, schema: asObject(value), required: required.includes(name) };
    return [param, ...listParams(param.schema, `${param.name}.`)];
  });
}

function describeType(schema: JsonObject): string {
  const { type, enum: values, items } = schema;
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" | ");
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  for (const key of ["anyOf", "oneOf"]) {
    const choices = schema[key];
    if (Array.isArray(choices)) return choices.map((choice) => describeType(asObject(choice))).join(" | ");
  }
  if (type === "array") return `list of ${describeType(asObject(items))}`;
  return Array.isArray(type) ? type.join(" | ") : String(type ?? "any");
}

function describeDefault({ schema, required }: Param): string {
  if (schema["default"] !== undefined) return JSON.stringify(schema["default"]);
  return required ? "required" : "";
}

function describeRange(schema: JsonObject): string {
  const bounds = [
    ["≥", schema["minimum"] ?? schema["minLength"] ?? schema["minItems"]],
    [">", schema["exclusiveMinimum"]],
    ["≤", schema["maximum"] ?? schema["maxLength"] ?? schema["maxItems"]],
    ["<", schema["exclusiveMaximum"]],
  ];
  return bounds.flatMap(([sign, bound]) => (bound === undefined ? [] : [`${sign} ${bound}`])).join(", ");
}

/** The node as a manifest has it, every param with its default. */
function exampleOf(node: NodeDescriptor): string {
  const top = listParams(node.params ?? {}, "").filter(({ name }) => !name.includes("."));
  const params = top.flatMap(({ name, schema, required }) => {
    const value = schema["default"] ?? (required ? placeholderOf(schema) : undefined);
    return value === undefined ? [] : [`"${name}": ${JSON.stringify(value)}`];
  });
  const id = node.name
    .replace(/Node$/, "")
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "-")
    .toLowerCase();
  const given = params.length === 0 ? "" : `, "params": { ${params.join(", ")} }`;
  return `{ "id": "${id}", "node_type": "${node.name}"${given} }`;
}

/** A value of the schema's type. */
function placeholderOf(schema: JsonObject): unknown {
  const { type, enum: values } = schema;
  if (Array.isArray(values)) return values[0];
  if (type === "string") return "…";
  if (type === "boolean") return true;
  if (type === "array") return [];
  return type === "object" ? {} : (schema["minimum"] ?? 1);
}

function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
