// The generated JSON Schema and reference page are what the schema says.
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { renderManifestReference } from "../../../agent/manifest/reference.ts";
import { manifestJsonSchema } from "../../../agent/manifest/schema.ts";

const stale = "run `bun scripts/generate-manifest-reference.ts`";
const generated = (name: string) =>
  readFile(new URL(`../../../agent/manifest/generated/${name}`, import.meta.url), "utf8");

it("the committed JSON Schema is that of the manifest", async () => {
  expect(JSON.parse(await generated("manifest.schema.json")), stale).toEqual(manifestJsonSchema());
});

it("the committed reference page is that of the manifest", async () => {
  expect(await generated("manifest-reference.md"), stale).toBe(renderManifestReference());
});

it("every field of a manifest is described", () => {
  const undescribed: string[] = [];
  const visit = (schema: Record<string, unknown>, path: string) => {
    for (const [name, field] of Object.entries(
      (schema["properties"] ?? {}) as Record<string, Record<string, unknown>>,
    )) {
      if (!field["description"]) undescribed.push(`${path}.${name}`);
      visit(field, `${path}.${name}`);
    }
    for (const inner of [schema["items"], schema["additionalProperties"]]) {
      if (typeof inner === "object" && inner !== null) visit(inner as Record<string, unknown>, `${path}[]`);
    }
  };
  visit(manifestJsonSchema(), "");
  expect(undescribed).toEqual([]);
});
