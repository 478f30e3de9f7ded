// A child process that compiles its share of the nodes, so that a cold build uses every core.
// Its one argument is a JSON array of CompileTask. (A Worker would do, but the compiler hangs in Bun's.)
import { renameSync, writeFileSync } from "node:fs";
import { compileNode, type NodeToCompile } from "./compile-node.ts";

/** One component to make. */
export interface CompileTask extends NodeToCompile {
  readonly file: string;
}

if (import.meta.main) {
  try {
    for (const task of JSON.parse(process.argv[2] ?? "[]") as CompileTask[]) {
      writeFileSync(`${task.file}.tmp`, await compileNode(task));
      renameSync(`${task.file}.tmp`, task.file);
    }
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    process.exitCode = 1;
  }
}
