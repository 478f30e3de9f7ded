// Rewrites what golden files hold, by running what they are golden for; review the difference before you commit it.
// Usage: bun scripts/update-golden.ts [Type…]   the nodes' outputs, of all or of these types
//        bun scripts/update-golden.ts boards    the statements of the recorded boards
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../agent/config/config.ts";
import { openBoard } from "../agent/main/probe-board.ts";
import { parseGolden, replay } from "../test/nodes/golden-file.ts";
import { loadNode } from "../test/nodes/load-node.ts";
import { listNodeSources, nodesFolder } from "./nodes/node-source.ts";

const boardsFolder = new URL("../test/boards/", import.meta.url).pathname;

const only = process.argv.slice(2);
if (only.includes("boards")) await updateBoards();
else await updateNodes();

async function updateBoards(): Promise<void> {
  for (const name of readdirSync(boardsFolder)) {
    const folder = join(boardsFolder, name);
    if (!existsSync(join(folder, "board.json"))) continue;
    using board = await openBoard(readConfig({}), folder);
    const { statement } = await board.look();
    writeFileSync(join(folder, "statement.json"), `${JSON.stringify(statement, undefined, 2)}\n`);
  }
}

async function updateNodes(): Promise<void> {
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
}
