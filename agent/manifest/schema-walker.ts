// Walks a JSON Schema from elsewhere: refuses what isn't understood or could run away, inlines references, closes objects.
import { type JsonPath, quote } from "./json-path.ts";
import { patternCost } from "./pattern-cost.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

interface DefaultValue {
  readonly path: JsonPath;
  readonly value: unknown;
  readonly schema: unknown;
}

const annotations = ["title", "description", "default", "examples", "deprecated", "$comment", "format"];
/** Keywords by the `type` that they speak about; one that stands without its type would silently do nothing. */
const keywordsByType: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties", "minProperties", "maxProperties"],
  array: ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"],
  string: ["minLength", "maxLength", "pattern"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  boolean: [],
  null: [],
};
const typedKeywords = new Set(Object.values(keywordsByType).flat());
const choices = ["anyOf", "oneOf", "enum", "const"];
const rootOnly = ["$schema", "$id", "$defs"];
const maxSchemas = 1000;
const maxPathLength = 48;
const maxDefaultLength = 4096;
/** Steps that matching one text may take: about a tenth of a second. */
const matchBudget = 2e7;

export class SchemaWalker {
  readonly #definitions: JsonObject;
  readonly #fail: (path: JsonPath, message: string) => never;
  /** Parts of the schema, references inlined. */
  parts = 0;
  maxTextLength = Number.POSITIVE_INFINITY;
  readonly defaults: DefaultValue[] = [];

  constructor(definitions: JsonObject, fail: (path: JsonPath, message: string) => never) {
    this.#definitions = definitions;
    this.#fail = fail;
  }

  /** A copy of the schema, closed and without references. `open` are the definitions being inlined around it. */
  walk(schema: unknown, path: JsonPath, open: readonly string[]): unknown {
    if (typeof schema === "boolean") return schema;
    if (!isJsonObject(schema)) return this.#fail(path, "a schema is an object, true or false");
    if (++this.parts > maxSchemas)
      this.#fail(path, `it has more than ${maxSchemas} parts, references included`);
    if (path.length > maxPathLength) this.#fail(path.slice(0, 8), "it is nested too deeply");
    if (schema["$ref"] !== undefined) return this.#follow(schema, path, open);
    this.#checkKeywords(schema, path);
    const copy: Record<string, unknown> = {};
    for (const [keyword, value] of Object.entries(schema)) {
      if (!rootOnly.includes(keyword)) copy[keyword] = this.#copy(keyword, value, [...path, keyword], open);
    }
    if (schema["properties"] !== undefined) copy["additionalProperties"] ??= false;
    return this.#noteDefault(copy, path);
  }

  /** A default is checked against the schema that it stands in, once the whole is known to be sound. */
  #noteDefault(schema: Record<string, unknown>, path: JsonPath): JsonObject {
    if (schema["default"] === undefined) return schema;
    if (JSON.stringify(schema["default"]).length > maxDefaultLength)
      this.#fail([...path, "default"], "it is too long");
    const { default: value, ...bare } = schema;
    this.defaults.push({ path, value, schema: bare });
    return schema;
  }

  #follow(schema: JsonObject, path: JsonPath, open: readonly string[]): unknown {
    const reference = schema["$ref"];
    const name =
      typeof reference === "string" ? /^#\/\$defs\/([A-Za-z0-9_.-]+)$/.exec(reference)?.[1] : undefined;
    if (name === undefined || !Object.hasOwn(this.#definitions, name)) {
      return this.#fail([...path, "$ref"], "a reference is #/$defs/NAME, and NAME is in $defs");
    }
    if (open.includes(name)) this.#fail([...path, "$ref"], `${quote(name)} refers to itself`);
    const extra = Object.keys(schema).find((key) => key !== "$ref" && !annotations.includes(key));
    if (extra !== undefined) this.#fail([...path, extra], "no keyword can stand beside $ref");
    const target = this.walk(this.#definitions[name], path, [...open, name]);
    if (schema["default"] === undefined || !isJsonObject(target)) return target;
    return this.#noteDefault({ ...target, default: schema["default"] }, path);
  }

  #checkKeywords(schema: JsonObject, path: JsonPath): void {
    const types = schema["type"] === undefined ? [] : [schema["type"]].flat();
    for (const type of types) {
      if (typeof type !== "string" || !Object.hasOwn(keywordsByType, type)) {
        this.#fail([...path, "type"], "it is not a JSON type");
      }
    }
    const fitting = types.flatMap((type) => keywordsByType[type as string]!);
    const accepted = ["type", ...annotations, ...choices, ...fitting, ...(path.length === 0 ? rootOnly : [])];
    const unknown = Object.keys(schema).find((keyword) => !accepted.includes(keyword));
    if (unknown !== undefined) {
      const reason = typedKeywords.has(unknown) ? "needs the type it speaks about" : "is not understood here";
      this.#fail([...path, unknown], `${quote(unknown)} ${reason}`);
    }
    this.#checkChoice(schema, fitting, path);
  }

  /** A choice stands alone, but for the type of an `enum` or `const`: what else is beside it would silently be dropped. */
  #checkChoice(schema: JsonObject, fitting: readonly string[], path: JsonPath): void {
    const said = choices.filter((keyword) => schema[keyword] !== undefined);
    if (said.length === 0) return;
    const alternatives = said[0] === "anyOf" || said[0] === "oneOf";
    const beside = [...said.slice(1), ...fitting, ...(alternatives ? ["type"] : [])].find(
      (keyword) => schema[keyword] !== undefined,
    );
    if (beside !== undefined)
      this.#fail(path, `${quote(said[0]!)} and ${quote(beside)} can't stand together`);
  }

  #copy(keyword: string, value: unknown, path: JsonPath, open: readonly string[]): unknown {
    const each = (one: unknown, step: string | number) => this.walk(one, [...path, step], open);
    switch (keyword) {
      case "properties":
        if (!isJsonObject(value)) return this.#fail(path, "expected an object");
        return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, each(one, name)]));
      case "items":
      case "additionalProperties":
        return this.walk(value, path, open);
      case "prefixItems":
      case "anyOf":
      case "oneOf":
        return this.#list(value, path).map(each);
      case "enum":
      case "required":
      case "const":
        return this.#plain(keyword, value, path);
      case "pattern":
        return this.#pattern(value, path);
      case "uniqueItems":
        return typeof value === "boolean" ? value : this.#fail(path, "expected true or false");
      default:
        return typedKeywords.has(keyword) && typeof value !== "number"
          ? this.#fail(path, "expected a number")
          : value;
    }
  }

  #plain(keyword: string, value: unknown, path: JsonPath): unknown {
    const values = keyword === "const" ? [value] : this.#list(value, path);
    if (values.some((one) => typeof one === "object" && one !== null)) {
      this.#fail(path, "only plain values can stand here");
    }
    return value;
  }

  #list(value: unknown, path: JsonPath): unknown[] {
    return Array.isArray(value) && (value.length > 0 || path.at(-1) === "required")
      ? value
      : this.#fail(path, "expected a list with elements");
  }

  #pattern(pattern: unknown, path: JsonPath): string {
    if (typeof pattern !== "string") return this.#fail(path, "a pattern is a string");
    const cost = patternCost(pattern);
    if ("refused" in cost) return this.#fail(path, `the pattern ${cost.refused}`);
    if (cost.exponent > 1) {
      const longest = Math.floor((matchBudget / cost.factor) ** (1 / cost.exponent));
      this.maxTextLength = Math.min(this.maxTextLength, longest);
    }
    return pattern;
  }
}

/** A JSON object, neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
