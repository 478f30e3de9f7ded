// Rewrites the outputs in the nodes' golden files by running their inputs; review the difference before you commit it.
// Usage: bun scripts/update-golden.ts [Type…]
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseGolden, replay } from "../test/nodes/golden-file.ts";
import { loadNode } from "../test/nodes/load-node.ts";
import { listNodeSources, nodesFolder } from "./nodes/node-source.ts";

const only = process.argv.slice(2);
for (const { folder, descriptor } of listNodeSources()) {
  const golden = join(nodesFolder, folder, "golden");
  if ((only.length > 0 && !only.includes(descriptor.name)) || !existsSync(golden)) continue;
  const make = await loadNode(descriptor.name);
  for (const name of readdirSync(golden)) {
    const file = join(golden, name);
    const lines = replay(parseGolden(readFileSync(file, "utf8")), make());
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }
}
