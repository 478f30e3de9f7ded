// From a component as it came to a module that may run: scanned, checked against the world, validated, metered.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { emptyFilesystem, offeredWasi } from "../child/wasi.ts";
import type { PreparedModule } from "../stage-spec.ts";
import { binaryKind, planDirectEntry, scanComponent } from "../wasm/component.ts";
import { prepareCore, validateCore } from "../wasm/prepare.ts";
import type { CoreFacts } from "../wasm/scan.ts";
import { worldProblem } from "./world-check.ts";

/** The version of everything that shapes a prepared module: part of its key in the cache. */
export const preparerVersion = "1-jco1.35.0";

/** What transpiling gives: files by name. The caller brings jco, which is large. */
export type Transpile = (
  component: Uint8Array,
) => Promise<readonly (readonly [name: string, bytes: Uint8Array])[]>;

/** What the module declares, for checks against limits that come later. */
export interface ModuleFacts {
  /** Component imports by name, for example `remotemedia:node/log@1.0.0`. */
  readonly imports: readonly string[];
  /** Declared minima: pages of 64 KiB of all memories, elements of the largest table. */
  readonly memoryPages: number;
  readonly tableElements: number;
  readonly bytes: number;
}

export interface PrepareModuleOptions {
  /** Whether `wasi:filesystem` may be imported: the node then gets a file system with nothing in it. Default false. */
  readonly filesystem?: boolean;
  /** `glue` goes through jco also where the module could be entered directly: the reference for tests. Default `direct`. */
  readonly entry?: "direct" | "glue";
}

export interface Preparation {
  readonly module: PreparedModule;
  readonly facts: ModuleFacts;
}

const offered = new Set(["remotemedia:node/log", "remotemedia:node/types", ...offeredWasi]);
const requiredExports = ["open", "process", "flush"];

/** Bytes are attacker-controlled: called in a confined child (or, for our own nodes, by the build).
 * @throws RemoteMediaError `module-invalid`, `module-too-complex`, `module-import-denied` */
export async function prepareModule(
  component: Uint8Array,
  transpile: Transpile,
  options: PrepareModuleOptions = {},
): Promise<Preparation> {
  checkKind(component);
  const { imports, exports, coreModules } = scanComponent(component);
  for (const name of imports) checkImport(name, options.filesystem === true);
  const missing = requiredExports.filter((name) => !exports.includes(name));
  if (missing.length > 0) {
    throw new RemoteMediaError(
      "module-invalid",
      `a component of another world: it does not export ${missing.join(", ")}`,
      {
        hint: "a node targets the world remotemedia:node/node@1.0.0",
      },
    );
  }
  const plan = options.entry === "glue" ? undefined : planDirectEntry(component);
  if (plan !== undefined) {
    const { module, ...entry } = plan;
    const { bytes, facts } = prepareCore(module);
    const cores = [{ name: "main", bytes }];
    return {
      facts: summarise(imports, [facts], component.length),
      module: { kind: "direct", plan: entry, cores, glue: undefined },
    };
  }
  // jco sees nothing that was not scanned and validated first.
  const originals = coreModules.map(({ start, end }) => validateCore(component.subarray(start, end)));
  const facts = summarise(imports, originals, component.length);
  return { facts, module: await prepareGlue(component, transpile) };
}

async function prepareGlue(component: Uint8Array, transpile: Transpile): Promise<PreparedModule> {
  let files: Awaited<ReturnType<Transpile>>;
  try {
    files = await transpile(component);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RemoteMediaError("module-invalid", `not a valid component: ${message.slice(0, 300)}`, {
      cause,
    });
  }
  const problem = worldProblem(files);
  if (problem !== undefined)
    throw new RemoteMediaError("module-invalid", `a component of another world: ${problem}`);
  const glue = files.find(([name]) => name.endsWith(".js"))?.[1];
  const cores = files.flatMap(([name, bytes]) => {
    if (!name.endsWith(".wasm")) return [];
    return [{ name, bytes: prepareCore(bytes).bytes }];
  });
  return { kind: "glue", plan: undefined, cores, glue };
}

function checkKind(component: Uint8Array): void {
  const kind = binaryKind(component);
  if (kind === "component") return;
  const hint = "build a component of the world remotemedia:node/node@1.0.0; nodes/sdk shows how";
  throw kind === "core"
    ? new RemoteMediaError("module-invalid", "a core WebAssembly module, not a component", { hint })
    : new RemoteMediaError("module-invalid", "not WebAssembly", { hint });
}

/** Plain names are types that the world uses from an interface; they carry no code. */
function checkImport(name: string, filesystem: boolean): void {
  const [interfaceName] = name.split("@", 1);
  if (name === "frame" || name === "failure" || offered.has(interfaceName!)) return;
  const isFilesystem = emptyFilesystem.includes(interfaceName!);
  if (filesystem && isFilesystem) return;
  throw new RemoteMediaError(
    "module-import-denied",
    `imports ${name.slice(0, 100)}, which nodes are not given`,
    {
      hint: isFilesystem
        ? 'a node whose grants hold "filesystem": { "read": [] } gets a file system with nothing in it'
        : "nodes get remotemedia:node/log, and wasi:cli, wasi:clocks, wasi:io and wasi:random in a virtual form",
    },
  );
}

function summarise(imports: readonly string[], modules: readonly CoreFacts[], bytes: number): ModuleFacts {
  const own = modules.flatMap((module) => module.memories.filter((memory) => !memory.imported));
  const tables = modules.flatMap((module) => module.tables);
  return {
    imports,
    memoryPages: own.reduce((sum, memory) => sum + memory.min, 0),
    tableElements: tables.reduce((most, table) => Math.max(most, table.min), 0),
    bytes,
  };
}
