// The SDK's README: its example is compiled and run.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compileNode } from "../../scripts/nodes/compile-node.ts";
import { nodesFolder } from "../../scripts/nodes/node-source.ts";
import { loadComponent } from "./load-node.ts";
import { audioFrames, samplesOf } from "./signals.ts";

test("the README's node compiles, runs, and imports nothing", async () => {
  const readme = readFileSync(join(nodesFolder, "sdk/README.md"), "utf8");
  const source = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
  const extraSources = { "gain/assembly/index.ts": source };
  const bytes = await compileNode({ folder: "gain", className: "Gain", simd: true, extraSources });
  const node = (await loadComponent(bytes))();
  node.open({ gain_db: 20 });
  const [frame] = audioFrames(Float64Array.of(0.01, -0.02, 0.5), { rate: 8000, format: "s16le" });
  const out = samplesOf(node.process(frame!));
  expect(out[0]).toBeCloseTo(0.1, 3);
  expect(out[1]).toBeCloseTo(-0.2, 3);
  expect(out[2]).toBeCloseTo(1, 3);
  expect(new TextDecoder("latin1").decode(bytes)).not.toContain("log@");
});

test("a node that logs reaches the agent's log", async () => {
  const source = `import { Frame, log, Node, Output } from "../../sdk/assembly";
export class Chatty extends Node {
  process(frame: Frame, out: Output): void {
    log.warn("grüße von " + frame.port);
  }
}`;
  const extraSources = { "chatty/assembly/index.ts": source };
  const bytes = await compileNode({ folder: "chatty", className: "Chatty", simd: true, extraSources });
  const node = (await loadComponent(bytes))();
  node.open();
  node.process(audioFrames(Float64Array.of(0), { rate: 8000 })[0]!);
  expect(node.log).toEqual(["warn: grüße von in"]);
});
