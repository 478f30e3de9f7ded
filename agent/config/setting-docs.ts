// The settings as JSON Schema, with their documentation: what the sample, the reference page and "did you mean" are made of.
import * as z from "zod/mini";
import { agentConfigSchema } from "./agent-config.ts";
import type { SettingPath } from "./parse-commented-json.ts";

/** A setting, or an object of them, as JSON Schema has it. */
export interface SettingSchema {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SettingSchema | false;
  readonly items?: SettingSchema;
  readonly anyOf?: readonly SettingSchema[];
}

let made: SettingSchema | undefined;

/** Of the whole file, as an operator writes it: what has a default may be left out. */
export function agentConfigJsonSchema(): SettingSchema {
  made ??= z.toJSONSchema(agentConfigSchema, { io: "input", target: "draft-2020-12" }) as SettingSchema;
  return made;
}

/** What is below a setting: of one that may have several forms the object. */
export function formOf(schema: SettingSchema): SettingSchema {
  return schema.anyOf?.find(({ properties }) => properties !== undefined) ?? schema;
}

/** The setting at a path, with the names that may be there. */
export function settingAt(schema: SettingSchema, path: SettingPath): SettingSchema | undefined {
  let at: SettingSchema | undefined = formOf(schema);
  for (const step of path) {
    if (at === undefined) return undefined;
    const next: SettingSchema | undefined = typeof step === "number" ? at.items : entryOf(at, step);
    at = next === undefined ? undefined : formOf(next);
  }
  return at;
}

function entryOf(
  { properties, additionalProperties }: SettingSchema,
  name: string,
): SettingSchema | undefined {
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}
