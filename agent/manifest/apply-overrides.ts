// `--set node.param=JSON`: a manifest with some params replaced.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { type JsonPath, quote } from "./json-path.ts";
import type { Manifest } from "./manifest.ts";
import { type Locate, parseJson } from "./parse-json.ts";
import { nameHint } from "./problem-list.ts";

interface Override {
  /** As it was given, for errors. */
  readonly text: string;
  readonly index: number;
  readonly keys: readonly string[];
  readonly value: unknown;
}

/** Gives a copy of the manifest with params replaced: `mul.factor=3`, or inside a nested object `vad.window.ms=20`. The value is
 * JSON. Whether a param is known is checked when the manifest is resolved; the place of its errors is then the option. Throws
 * RemoteMediaError `usage`. */
export function applyOverrides(manifest: Manifest, overrides: readonly string[]): Manifest {
  const parsed = overrides.map((text) => parseOverride(manifest, text));
  const nodes = [...manifest.nodes];
  for (const { index, keys, value, text } of parsed) {
    const node = nodes[index]!;
    nodes[index] = { ...node, params: replaceAt(node.params, keys, value, text) };
  }
  return { ...manifest, nodes, where: locateOverrides(manifest.where, parsed) };
}

function parseOverride(manifest: Manifest, text: string): Override {
  const equals = text.indexOf("=");
  const [id = "", ...keys] = text.slice(0, Math.max(equals, 0)).split(".");
  if (equals < 0 || id === "" || keys.length === 0 || keys.some((key) => key === "" || key === "__proto__")) {
    throw new RemoteMediaError("usage", `--set takes node.param=JSON, not ${quote(text)}`, {
      hint: "for example --set mul.factor=3",
    });
  }
  const index = manifest.nodes.findIndex((node) => node.id === id);
  if (index < 0) {
    const ids = manifest.nodes.map((node) => node.id);
    throw new RemoteMediaError("usage", `--set ${quote(text)}: there is no node ${quote(id)}`, {
      hint: nameHint(id, ids, "the manifest has no nodes"),
    });
  }
  return { text, index, keys, value: parseValue(text, text.slice(equals + 1)) };
}

function parseValue(text: string, value: string): unknown {
  try {
    return parseJson(value, { code: "usage", maxLength: 1024 * 1024 }).value;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const name = text.slice(0, text.indexOf("="));
    // A shell takes the inner quotes away: the likeliest mistake is a word that was meant as a string.
    const hint = /^[\w./:@ -]+$/.test(value)
      ? `a text is quoted: --set '${name}="${value}"'`
      : `a value is JSON: --set '${name}=…'`;
    throw new RemoteMediaError("usage", `--set ${quote(text)}: the value is not JSON: ${reason}`, {
      hint,
      cause,
    });
  }
}

function replaceAt(
  target: Readonly<Record<string, unknown>>,
  [key, ...rest]: readonly string[],
  value: unknown,
  text: string,
): Record<string, unknown> {
  if (rest.length === 0) return { ...target, [key!]: value };
  const inner = Object.hasOwn(target, key!) ? target[key!] : {};
  if (typeof inner !== "object" || inner === null || Array.isArray(inner)) {
    throw new RemoteMediaError("usage", `--set ${quote(text)}: ${quote(key!)} is not an object`);
  }
  return { ...target, [key!]: replaceAt(inner as Record<string, unknown>, rest, value, text) };
}

/** A replaced param wasn't written in the file: its place is the option. */
function locateOverrides(where: Locate, overrides: readonly Override[]): Locate {
  return (path: JsonPath, at) => {
    const option = overrides.findLast(({ index, keys }) =>
      ["nodes", index, "params", ...keys].every((step, depth) => path[depth] === step),
    );
    return option === undefined
      ? where(path, at)
      : { path: `--set ${option.text.slice(0, option.text.indexOf("="))}` };
  };
}
