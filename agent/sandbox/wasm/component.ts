// Decides whether a component may be entered at its core module directly, without glue between.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import {
  type CanonOptions,
  type ComponentFunction,
  type ComponentGraph,
  type CoreInstance,
  readComponentGraph,
} from "./component-graph.ts";
import { coreSort, sort } from "./component-section.ts";
import type { ExternalKind } from "./declaration.ts";
import { type CoreFacts, scanCore } from "./scan.ts";
import { isFixupModule, isShimModule, shimFunction, shimTable } from "./shim.ts";
import { type CoreSignature, coreSignature, worldInterface, worldShape } from "./world-shape.ts";

export { scanComponent } from "./component-scan.ts";
export { binaryKind } from "./component-section.ts";

/** How a host enters the main core module of a component of the world `remotemedia:node/node` by the canonical ABI. */
export interface DirectPlan {
  /** The main core module: a view into the component. */
  readonly module: Uint8Array;
  /** Names of its exports. All functions have the signatures of `coreSignature`. */
  readonly exports: {
    readonly open: string;
    readonly process: string;
    readonly flush: string;
    readonly postOpen?: string;
    readonly postProcess?: string;
    readonly postFlush?: string;
    readonly realloc: string;
    readonly memory: string;
  };
  /** The core import that is `log.write`, when the module has it; it has no other. */
  readonly logImport?: { readonly module: string; readonly name: string };
}

/** The plan, or undefined for a component that is not exactly what wit-component makes of one core module and the
 * world: another tool's, another world's, or a malformed one. The main module's code is not validated here: pass it
 * through `prepareCore`. Never throws on any input. */
export function planDirectEntry(bytes: Uint8Array): DirectPlan | undefined {
  try {
    return planGraph(bytes, readComponentGraph(bytes));
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError) return undefined;
    throw thrown;
  }
}

type Lifted = Extract<ComponentFunction, { kind: "lifted" }>;

function planGraph(bytes: Uint8Array, graph: ComponentGraph): DirectPlan | undefined {
  const world = worldShape(graph.shapes);
  if (!importsAreTheWorlds(graph, world)) return undefined;
  if (graph.exports.length !== 3) return undefined;
  const open = lifted(graph, "open", world.open);
  const process = lifted(graph, "process", world.process);
  const flush = lifted(graph, "flush", world.flush);
  if (open === undefined || process === undefined || flush === undefined) return undefined;
  const openTarget = graph.coreFunctions[open.coreFunction];
  if (openTarget?.kind !== "alias") return undefined;
  const instance = openTarget.instance;
  const main = graph.coreInstances[instance];
  if (main?.kind !== "instantiate") return undefined;
  const module = moduleBytes(bytes, graph, main.module);
  const entry = new MainModule(graph, instance, scanCore(module));
  const named = [
    entry.memory([open.options, process.options, flush.options]),
    entry.func(process.options.realloc, coreSignature.realloc),
    entry.func(open.coreFunction, coreSignature.open),
    entry.func(process.coreFunction, coreSignature.process),
    entry.func(flush.coreFunction, coreSignature.flush),
  ];
  const [memory, realloc, openName, processName, flushName] = named;
  if (memory === undefined || realloc === undefined || openName === undefined) return undefined;
  if (processName === undefined || flushName === undefined) return undefined;
  if (!entry.reallocIs(realloc, open.options, true) || !entry.reallocIs(realloc, flush.options, false)) {
    return undefined;
  }
  const posts = [open, process, flush].map(({ options }) =>
    options.postReturn === undefined ? "" : entry.func(options.postReturn, coreSignature.post),
  );
  if (posts.includes(undefined)) return undefined;
  const log = logImport(bytes, graph, instance, main, entry.facts);
  if (log === undefined) return undefined;
  const [postOpen, postProcess, postFlush] = posts;
  return {
    module,
    exports: {
      open: openName,
      process: processName,
      flush: flushName,
      realloc,
      memory,
      ...(postOpen ? { postOpen } : {}),
      ...(postProcess ? { postProcess } : {}),
      ...(postFlush ? { postFlush } : {}),
    },
    ...(log === "none" ? {} : { logImport: log }),
  };
}

function moduleBytes(bytes: Uint8Array, graph: ComponentGraph, index: number): Uint8Array {
  const range = graph.coreModules[index]!;
  return bytes.subarray(range.start, range.end);
}

/** `log`, `types`, and the two types that the world uses by name. */
function importsAreTheWorlds(graph: ComponentGraph, world: ReturnType<typeof worldShape>): boolean {
  return graph.imports.every(({ name, sort: kind, type }) => {
    if (kind === sort.type) {
      return (name === "frame" && type === world.frame) || (name === "failure" && type === world.failure);
    }
    if (name === worldInterface.types) return graph.shapes.instanceOf(type) !== undefined;
    return name === worldInterface.log && graph.shapes.instanceOf(type)?.get("write")?.type === world.write;
  });
}

function lifted(graph: ComponentGraph, name: string, type: number): Lifted | undefined {
  const exported = graph.exports.find((one) => one.name === name);
  const func = exported && graph.functions[exported.index];
  return func?.kind === "lifted" && func.type === type ? func : undefined;
}

/** The exports of the main core module, looked up through the component's aliases of its one instance. */
class MainModule {
  readonly facts: CoreFacts;
  readonly #graph: ComponentGraph;
  readonly #instance: number;

  constructor(graph: ComponentGraph, instance: number, facts: CoreFacts) {
    this.#graph = graph;
    this.#instance = instance;
    this.facts = facts;
  }

  #exported(name: string, kind: ExternalKind): number | undefined {
    const found = this.facts.exports.filter((one) => one.name === name);
    return found.length === 1 && found[0]!.kind === kind ? found[0]!.index : undefined;
  }

  /** The export's name, when core function `index` is an export of the instance with this signature. */
  func(index: number | undefined, signature: CoreSignature): string | undefined {
    const alias = this.#graph.coreFunctions[index ?? -1];
    if (alias?.kind !== "alias" || alias.instance !== this.#instance) return undefined;
    const at = this.#exported(alias.name, "function");
    return at !== undefined && hasSignature(this.facts, at, signature) ? alias.name : undefined;
  }

  /** The memory's name, when all of them name the one exported memory. */
  memory(options: readonly CanonOptions[]): string | undefined {
    const names = new Set(
      options.map(({ memory }) => {
        const alias = this.#graph.coreMemories[memory ?? -1];
        return alias?.instance === this.#instance ? alias.name : undefined;
      }),
    );
    const [name] = names;
    return names.size === 1 && name !== undefined && this.#exported(name, "memory") !== undefined
      ? name
      : undefined;
  }

  reallocIs(name: string, options: CanonOptions, required: boolean): boolean {
    if (options.realloc === undefined) return !required;
    return this.func(options.realloc, coreSignature.realloc) === name;
  }
}

function hasSignature(facts: CoreFacts, index: number, [parameters, results]: CoreSignature): boolean {
  const type = facts.types[facts.functionTypes[index] ?? -1];
  if (type === undefined) return false;
  return type.parameters.join() === parameters.join() && type.results.join() === results.join();
}

/** The main module's log import, "none" when it imports nothing, undefined when something else is there. The import
 * reaches `log.write` through wit-component's shim, whose table its fixup fills once the main module's memory exists. */
function logImport(
  bytes: Uint8Array,
  graph: ComponentGraph,
  instance: number,
  main: Extract<CoreInstance, { kind: "instantiate" }>,
  facts: CoreFacts,
): { module: string; name: string } | "none" | undefined {
  const instantiated = graph.coreInstances.flatMap((one, index) =>
    one.kind === "instantiate" ? [{ ...one, index }] : [],
  );
  const [declared, ...more] = facts.imports;
  if (declared === undefined) {
    return instantiated.length === 1 && graph.coreModules.length === 1 ? "none" : undefined;
  }
  if (more.length > 0 || declared.kind !== "function" || !hasSignature(facts, 0, coreSignature.write)) {
    return undefined;
  }
  const [shim, middle, fixup] = instantiated;
  if (shim === undefined || middle?.index !== instance || fixup === undefined) return undefined;
  if (instantiated.length !== 3 || graph.coreModules.length !== 3) return undefined;
  if (new Set([shim.module, main.module, fixup.module]).size !== 3) return undefined;
  if (shim.with.size !== 0 || !isShimModule(moduleBytes(bytes, graph, shim.module))) return undefined;
  const wanted = isFixupModule(moduleBytes(bytes, graph, fixup.module));
  if (wanted === undefined) return undefined;
  const entered = resolveFunction(graph, main.with.get(declared.module), declared.name);
  const through =
    entered?.kind === "alias" && entered.instance === shim.index && entered.name === shimFunction;
  const filled = resolveFunction(graph, fixup.with.get(wanted.func.module), wanted.func.name);
  const table = resolveTable(graph, fixup.with.get(wanted.table.module), wanted.table.name);
  if (!through || filled?.kind !== "lower" || table?.instance !== shim.index || table.name !== shimTable) {
    return undefined;
  }
  const target = graph.functions[filled.func];
  if (target?.kind !== "imported" || target.name !== "write") return undefined;
  if (graph.instances[target.instance]?.name !== worldInterface.log) return undefined;
  const memory = graph.coreMemories[filled.options.memory ?? -1];
  return memory?.instance === instance ? { module: declared.module, name: declared.name } : undefined;
}

/** What a core instance gives under a name: through a list of exports, or as an instantiated module's export. */
function resolveFunction(graph: ComponentGraph, instance: number | undefined, name: string) {
  const from = graph.coreInstances[instance ?? -1];
  if (from?.kind === "instantiate") return { kind: "alias", instance: instance!, name } as const;
  const item = from?.items.get(name);
  return item?.sort === coreSort.func ? graph.coreFunctions[item.index] : undefined;
}

function resolveTable(graph: ComponentGraph, instance: number | undefined, name: string) {
  const from = graph.coreInstances[instance ?? -1];
  if (from?.kind === "instantiate") return { instance: instance!, name };
  const item = from?.items.get(name);
  return item?.sort === coreSort.table ? graph.coreTables[item.index] : undefined;
}
