// Writes the manifest's JSON Schema and reference page from its one schema: `bun scripts/generate-manifest-reference.ts`.
import { mkdir, writeFile } from "node:fs/promises";
import { renderManifestReference } from "../agent/manifest/reference.ts";
import { manifestJsonSchema } from "../agent/manifest/schema.ts";

const folder = new URL("../agent/manifest/generated/", import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(
  new URL("manifest.schema.json", folder),
  `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`,
);
await writeFile(new URL("manifest-reference.md", folder), renderManifestReference());
