// Compiles one AssemblyScript node to a component of the world `node`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { nodesFolder } from "./node-source.ts";

/** What is used of the compiler. Its own declarations aren't imported: they redeclare `console` for the whole program. */
interface Compiler {
  main(
    args: string[],
    host: {
      stdout: { write(text: string | Uint8Array): void };
      stderr: { write(text: string | Uint8Array): void };
      readFile(name: string): string | null;
      writeFile(name: string, contents: string | Uint8Array): void;
      listFiles(): string[];
    },
  ): Promise<{ error: Error | null }>;
}

// Size counts too: what is hot is inlined by hand, and without the shrink level the collector is, everywhere.
const flags = ["-O3", "--shrinkLevel", "1", "--noAssert", "--runtime", "minimal", "--use", "abort="];

/** What is compiled: the node's class is named after its type and exported by `<folder>/assembly/index.ts`. */
export interface NodeToCompile {
  readonly folder: string;
  readonly className: string;
  /** Off only to measure what SIMD brings. */
  readonly simd: boolean;
  /** Sources that aren't in nodes/, by their path there. */
  readonly extraSources?: Readonly<Record<string, string>>;
}

/** The component's bytes. Throws `module-invalid` with the compiler's messages. */
export async function compileNode(node: NodeToCompile): Promise<Uint8Array> {
  return componentOf(await compileCore(node));
}

/** Wraps a core module that exports the canonical ABI of `nodes/wit/node.wit` as a component. */
export async function componentOf(
  core: Uint8Array,
  adapters: Array<[string, Uint8Array]> = [],
): Promise<Uint8Array> {
  const witSource = readFileSync(join(nodesFolder, "wit/node.wit"), "utf8");
  const embedded = await componentEmbed({ binary: core, witSource, world: "node" });
  return componentNew(embedded, adapters);
}

async function compileCore(node: NodeToCompile): Promise<Uint8Array> {
  const specifier: string = "assemblyscript/asc";
  const { default: asc }: { default: Compiler } = await import(specifier);
  let core: Uint8Array | undefined;
  const messages: string[] = [];
  const sink = { write: (text: string | Uint8Array) => messages.push(String(text)) };
  const { error } = await asc.main(
    ["entry.ts", "--outFile", "node.wasm", ...flags, ...simdFlags(node.simd)],
    {
      stdout: sink,
      stderr: sink,
      readFile: (name) =>
        name === "entry.ts" ? entrySource(node) : (node.extraSources?.[name] ?? readSource(name)),
      writeFile: (_name, contents) => {
        if (typeof contents !== "string") core = contents;
      },
      listFiles: () => [],
    },
  );
  if (core !== undefined && error === null) return core;
  throw new RemoteMediaError(
    "module-invalid",
    `${node.folder}: ${messages.join("").trim() || String(error)}`,
  );
}

function simdFlags(simd: boolean): string[] {
  return simd ? ["--enable", "simd"] : ["--disable", "simd"];
}

// The glue that a node's author never sees: one instance of the class, and the world's exports.
function entrySource({ folder, className }: NodeToCompile): string {
  return `import { ${className} } from "./${folder}/assembly/index";
import { mount } from "./sdk/assembly/abi";
mount(new ${className}());
export { open, process, flush, cabi_realloc, cabi_post_open, cabi_post_process, cabi_post_flush } from "./sdk/assembly/abi";
`;
}

function readSource(name: string): string | null {
  try {
    return readFileSync(join(nodesFolder, name), "utf8");
  } catch {
    return null; // The compiler probes several names for one import.
  }
}
