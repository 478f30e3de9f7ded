// The node folders of nodes/: which there are, what they are called, and the hash of all that decides their bytes.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseNodeDescriptor } from "../../agent/manifest/parse-descriptor.ts";
import type { NodeDescriptor } from "../../agent/node/descriptor.ts";

/** The checkout. */
export const root = join(dirname(new URL(import.meta.url).pathname), "../..");
export const nodesFolder = join(root, "nodes");

/** A folder `nodes/<kebab-case of the type>/` with a `node.json` and `assembly/index.ts`. */
export interface NodeSource {
  /** Relative to nodes/. */
  readonly folder: string;
  readonly descriptor: NodeDescriptor;
}

/** All node folders, by type name. Throws `node-descriptor-invalid` for a node.json that isn't one. */
export function listNodeSources(): NodeSource[] {
  return readdirSync(nodesFolder)
    .filter((folder) => existsSync(join(nodesFolder, folder, "assembly/index.ts")))
    .filter((folder) => existsSync(join(nodesFolder, folder, "node.json")))
    .map((folder) => ({ folder, descriptor: readDescriptor(join(nodesFolder, folder, "node.json")) }))
    .sort((a, b) => (a.descriptor.name < b.descriptor.name ? -1 : 1));
}

/** Reads and checks a `node.json`. */
export function readDescriptor(file: string): NodeDescriptor {
  return parseNodeDescriptor(readFileSync(file, "utf8"), file);
}

/** A hash over files and folders (recursively, by path and content) and any further texts. */
export function contentHash(paths: readonly string[], texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of paths.flatMap(filesUnder).sort()) {
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  for (const text of texts) hash.update(text).update("\0");
  return hash.digest("hex");
}

function filesUnder(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name)));
}
