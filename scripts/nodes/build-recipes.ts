// Builds the recipes of nodes/recipes/ into dist/recipes/<folder>/: nodes in C by clang, in JavaScript by componentize-js.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { componentize } from "@bytecodealliance/componentize-js";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { componentOf } from "./compile-node.ts";
import { nodesFolder, root } from "./node-source.ts";

/** A recipe's variant; the plain one imports nothing of WASI, the other what its language's standard library asks for. */
interface Recipe {
  /** Below dist/recipes/. */
  readonly name: string;
  /** Below nodes/recipes/. */
  readonly source: string;
  build(source: string): Promise<Uint8Array>;
}

type Feature = "stdio" | "random" | "clocks" | "http" | "fetch-event";

/** All recipes, by the folder they are built to. */
export const recipes: readonly Recipe[] = [
  { name: "tone-detector", source: "c/tone-detector", build: (source) => buildC(source, false) },
  { name: "tone-detector-stdio", source: "c/tone-detector", build: (source) => buildC(source, true) },
  { name: "json-pick", source: "javascript/json-pick", build: (source) => buildJavaScript(source, false) },
  {
    name: "json-pick-wasi",
    source: "javascript/json-pick",
    build: (source) => buildJavaScript(source, true),
  },
];

/** Builds one recipe: `dist/recipes/<name>/<name>.wasm` with its `node.json`. Returns the component's file. Throws
 * `module-invalid` with the compiler's messages, also where clang or its WASI library isn't installed. */
export async function buildRecipe({ name, source, build }: Recipe): Promise<string> {
  const from = join(nodesFolder, "recipes", source);
  const to = join(root, "dist/recipes", name);
  mkdirSync(to, { recursive: true });
  const file = join(to, `${name}.wasm`);
  // Put in place whole: two tests may build the same recipe at once.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, await build(from));
  renameSync(draft, file);
  copyFileSync(join(from, "node.json"), join(to, "node.json"));
  return file;
}

const common = [
  "--target=wasm32-wasi",
  "-O3",
  "-mbulk-memory",
  "-msign-ext",
  "-mnontrapping-fptoint",
  "-Wall",
  "-Wextra",
];
const bare = ["-nostartfiles", "-Wl,--no-entry"];
const withStdio = ["-mexec-model=reactor", "-DWITH_STDIO"];

async function buildC(source: string, stdio: boolean): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "remotemedia-clang-"));
  try {
    const core = join(folder, "core.wasm");
    const flags = [...common, ...(stdio ? withStdio : bare), "-Wl,--strip-all", "-o", core];
    const { error, status, stderr } = spawnSync("clang", [...flags, join(source, "node.c"), "-lm"], {
      env: { PATH: systemPath() },
    });
    if (status !== 0) {
      throw new RemoteMediaError("module-invalid", `clang: ${error?.message ?? stderr}`, {
        hint: "The C recipe needs clang, lld, wasi-libc and libclang-rt-dev-wasm32.",
      });
    }
    return await componentOf(readFileSync(core), stdio ? [["wasi_snapshot_preview1", adapter()]] : []);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** clang runs a wasm-opt that it finds, and an npm package's one of another age refuses what clang made. */
function systemPath(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.filter((folder) => !folder.includes("node_modules")).join(delimiter);
}

/** Turns preview 1, which wasi-libc speaks, into preview 2, which components speak. */
function adapter(): Uint8Array {
  return readFileSync(
    join(root, "node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.reactor.wasm"),
  );
}

async function buildJavaScript(source: string, wasi: boolean): Promise<Uint8Array> {
  const network: Feature[] = ["http", "fetch-event"];
  const machine: Feature[] = ["stdio", "random", "clocks"];
  const options = {
    sourcePath: join(source, "node.js"),
    // The WIT's text, not its path: the compiler's file access works under Node.js only.
    witWorld: readFileSync(join(nodesFolder, "wit/node.wit"), "utf8"),
    worldName: "node",
    disableFeatures: wasi ? network : [...network, ...machine],
  };
  return (await componentize(options)).component;
}
