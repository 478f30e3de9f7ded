// Builds the built-in nodes: nodes/<folder>/ to dist/nodes/<Type>.wasm and dist/nodes/index.ts.
// Usage: bun scripts/build-nodes.ts [--force] [--no-simd] [--quiet] [--recipes] [Type…]
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import ascPackage from "assemblyscript/package.json" with { type: "json" };
import { RemoteMediaError } from "../platform/base/error.ts";
import { type BuiltNode, writeBuiltinIndex } from "./nodes/builtin-index.ts";
import type { CompileTask } from "./nodes/compile-child.ts";
import { contentHash, listNodeSources, type NodeSource, nodesFolder, root } from "./nodes/node-source.ts";

const { values: options, positionals: only } = parseArgs({
  allowPositionals: true,
  options: {
    force: { type: "boolean", default: false },
    "no-simd": { type: "boolean", default: false },
    quiet: { type: "boolean", default: false },
    recipes: { type: "boolean", default: false },
  },
});

const simd = !options["no-simd"];
const folder = join(root, simd ? "dist/nodes" : "dist/nodes-no-simd");

interface Job {
  readonly source: NodeSource;
  /** Hash of everything that decides the component's bytes. */
  readonly key: string;
  readonly file: string;
  readonly fresh: boolean;
}

function planJob(source: NodeSource, known: Record<string, string>): Job {
  const own = join(nodesFolder, source.folder, "assembly");
  const shared = [join(nodesFolder, "sdk/assembly"), join(nodesFolder, "wit")];
  const key = contentHash(
    [own, ...shared, join(root, "scripts/nodes/compile-node.ts"), join(root, "bun.lock")],
    [ascPackage.version, source.descriptor.name, String(simd)],
  );
  const file = join(folder, `${source.descriptor.name}.wasm`);
  return {
    source,
    key,
    file,
    fresh: !options.force && known[source.descriptor.name] === key && existsSync(file),
  };
}

/** Compiles the stale jobs in a child process a core; compiling blocks its thread for a second or two a node. */
async function compile(jobs: readonly Job[]): Promise<void> {
  const children = Math.min(availableParallelism(), jobs.length);
  const shares = Array.from({ length: children }, (_, child) =>
    jobs.filter((_, i) => i % children === child),
  );
  const exits = await Promise.all(shares.map(compileShare));
  if (exits.some((code) => code !== 0))
    throw new RemoteMediaError("module-invalid", "not every node compiled");
}

function compileShare(jobs: readonly Job[]): Promise<number> {
  const tasks: CompileTask[] = jobs.map(({ source, file }) => {
    return { folder: source.folder, className: source.descriptor.name, simd, file };
  });
  const script = join(root, "scripts/nodes/compile-child.ts");
  return Bun.spawn([process.execPath, script, JSON.stringify(tasks)], {
    stdio: ["ignore", "inherit", "inherit"],
  }).exited;
}

function built({ source, file }: Job): BuiltNode {
  const bytes = readFileSync(file);
  return { descriptor: source.descriptor, bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function printTable(nodes: readonly BuiltNode[], stale: ReadonlySet<string>, ms: number): void {
  const width = Math.max(...nodes.map((node) => node.descriptor.name.length));
  for (const { descriptor, bytes, sha256 } of nodes) {
    const size = `${bytes.length.toLocaleString("en")} B`.padStart(10);
    const state = stale.has(descriptor.name) ? "built" : "unchanged";
    console.error(`${descriptor.name.padEnd(width)} ${size}  ${sha256.slice(0, 12)}  ${state}`);
  }
  console.error(`${nodes.length} nodes, ${stale.size} built, ${Math.round(ms)} ms`);
}

async function main(): Promise<void> {
  const started = performance.now();
  mkdirSync(folder, { recursive: true });
  const keysFile = join(folder, "keys.json");
  const known = existsSync(keysFile) ? JSON.parse(readFileSync(keysFile, "utf8")) : {};
  const jobs = listNodeSources().map((source) => planJob(source, known));
  const wanted = only.length === 0 ? jobs : jobs.filter((job) => only.includes(job.source.descriptor.name));
  const stale = wanted.filter((job) => !job.fresh);
  // Keys are forgotten before and written after the components, so that an interrupted build is never taken for a whole one.
  if (stale.length > 0) rmSync(keysFile, { force: true });
  await compile(stale);
  const present = jobs.filter((job) => existsSync(job.file));
  const staleNames = new Set(stale.map((job) => job.source.descriptor.name));
  const keys = present.map(({ source: { descriptor }, key }) => [
    descriptor.name,
    staleNames.has(descriptor.name) || known[descriptor.name] === key ? key : (known[descriptor.name] ?? ""),
  ]);
  writeFileSync(keysFile, `${JSON.stringify(Object.fromEntries(keys), null, 2)}\n`);
  const nodes = present.map(built);
  await writeBuiltinIndex(folder, nodes);
  if (!options.quiet) printTable(nodes, staleNames, performance.now() - started);
  if (options.recipes) await buildRecipes();
}

/** Loaded when asked for: the JavaScript recipe's compiler is large. */
async function buildRecipes(): Promise<void> {
  const { buildRecipe, recipes } = await import("./nodes/build-recipes.ts");
  for (const recipe of recipes) {
    const file = await buildRecipe(recipe);
    console.error(
      `${recipe.name.padEnd(20)} ${readFileSync(file).length.toLocaleString("en").padStart(10)} B`,
    );
  }
}

try {
  await main();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 1;
}
