// Writes the reference page of the agent's file from its one schema: `bun scripts/generate-agent-config-reference.ts`.
import { mkdir, writeFile } from "node:fs/promises";
import { renderAgentConfigReference } from "../agent/config/agent-config-reference.ts";

const folder = new URL("../agent/config/generated/", import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL("agent-config-reference.md", folder), renderAgentConfigReference());
