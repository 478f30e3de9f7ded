// Every built-in node: its golden files, its descriptor against its code, its README against its descriptor.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listNodeSources, nodesFolder } from "../../scripts/nodes/node-source.ts";
import { parseGolden, replay } from "./golden-file.ts";
import { loadNode } from "./load-node.ts";

interface ParamSchema {
  readonly default?: unknown;
  readonly description?: string;
}

describe.each(listNodeSources())("$descriptor.name", ({ folder, descriptor }) => {
  const path = join(nodesFolder, folder);
  const properties = (descriptor.params?.["properties"] ?? {}) as Record<string, ParamSchema>;
  const goldenFolder = join(path, "golden");
  const golden = existsSync(goldenFolder) ? readdirSync(goldenFolder) : [];

  test("has golden files", () => {
    expect(golden).not.toHaveLength(0);
  });

  test.each(golden)("gives what golden/%s says", async (name) => {
    const lines = parseGolden(readFileSync(join(goldenFolder, name), "utf8"));
    expect(replay(lines, (await loadNode(descriptor.name))())).toEqual(lines);
  });

  test("refuses unknown params by its schema, and describes each one", () => {
    expect(descriptor.params).toMatchObject({ type: "object", additionalProperties: false });
    for (const [name, schema] of Object.entries(properties)) expect(schema.description, name).toMatch(/\.$/);
  });

  test("gives the same with its defaults written out as without params", async () => {
    const withDefaults = Object.fromEntries(
      Object.entries(properties).flatMap(([name, schema]) =>
        schema.default === undefined ? [] : [[name, schema.default]],
      ),
    );
    const make = await loadNode(descriptor.name);
    const [name] = golden;
    const calls = parseGolden(readFileSync(join(goldenFolder, name!), "utf8"));
    // Params without a default are needed, or make the golden file what it is.
    const opened = (calls[0] as { open: Record<string, unknown> }).open;
    const needed = Object.fromEntries(
      Object.entries(opened).filter(([key]) => properties[key]?.default === undefined),
    );
    const run = (params: object) =>
      replay([{ open: { ...params, ...needed } }, ...calls.slice(1)], make()).slice(1);
    expect(run(withDefaults)).toEqual(run({}));
  });

  test("names its folder after its type, and its README names every port and param", () => {
    expect(folder.replaceAll("-", "")).toBe(descriptor.name.toLowerCase());
    const readme = readFileSync(join(path, "README.md"), "utf8");
    const names = [descriptor.inputs, descriptor.outputs, properties].flatMap((part) => Object.keys(part));
    for (const name of names) expect(readme).toContain(`\`${name}\``);
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(readme)![1]!);
    expect(example.node_type).toBe(descriptor.name);
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(example.params ?? {})));
  });
});
