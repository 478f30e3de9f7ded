// The build: what it writes can be imported, is a component without WASI, and is the same each time.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { componentWit } from "@bytecodealliance/jco-transpile/wasm-tools";
import { beforeAll, describe, expect, test } from "vitest";
import { compileNode } from "../../scripts/nodes/compile-node.ts";
import { listNodeSources, root } from "../../scripts/nodes/node-source.ts";

interface BuiltinNode {
  readonly descriptor: unknown;
  readonly sha256: string;
  preparation(): {
    readonly module: { readonly kind: string; readonly cores: { readonly bytes: Uint8Array }[] };
  };
}

const componentOf = (type: string) => readFileSync(join(root, `dist/nodes/${type}.wasm`));

let builtinNodes: ReadonlyMap<string, BuiltinNode>;

beforeAll(async () => {
  const built = spawnSync(process.execPath, ["scripts/build-nodes.ts", "--quiet"], { cwd: root });
  expect(String(built.stderr)).toBe("");
  const index = join(root, "dist/nodes/index.ts");
  ({ builtinNodes } = await import(/* @vite-ignore */ index));
});

const sources = listNodeSources();

test("the index holds every node of nodes/, and those that the contract names", () => {
  expect([...builtinNodes.keys()]).toEqual(sources.map((source) => source.descriptor.name));
  for (const name of ["PassThrough", "MultiplyNode", "AddNode", "FastResampleNode", "VoiceActivity"]) {
    expect(builtinNodes.has(name)).toBe(true);
  }
});

describe.each(sources)("$descriptor.name", ({ descriptor }) => {
  test("is in the index with its descriptor, its component's digest, and a module that compiles", () => {
    const node = builtinNodes.get(descriptor.name)!;
    const digest = createHash("sha256").update(componentOf(descriptor.name)).digest("hex");
    expect(node.sha256).toBe(digest);
    expect(node.descriptor).toEqual(descriptor);
    const { module } = node.preparation();
    expect(module.kind).toBe("direct");
    expect(WebAssembly.validate(module.cores[0]!.bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  });

  test("targets the world, imports no function, and is small", async () => {
    const bytes = componentOf(descriptor.name);
    const world = await componentWit(bytes);
    // The types' interface is named, and has no functions.
    expect(world.match(/import \S+;/g)).toEqual(["import remotemedia:node/types@1.0.0;"]);
    expect(world).toContain("export process: func(input: frame) -> result<list<frame>, failure>;");
    expect(bytes.length).toBeLessThan(24_000);
  });
});

test("building a node again gives the same bytes", async () => {
  const again = await compileNode({ folder: "pass-through", className: "PassThrough", simd: true });
  expect(Buffer.compare(again, componentOf("PassThrough"))).toBe(0);
});
