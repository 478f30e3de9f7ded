// The recipes: nodes in C and in JavaScript, built and run, with and without WASI.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { componentWit } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";
import type { Frame } from "../../agent/node/frame.ts";
import { VirtualWasi } from "../../agent/sandbox/child/wasi.ts";
import { buildRecipe, recipes } from "../../scripts/nodes/build-recipes.ts";
import { type LoadedNode, loadComponent, NodeRefusal } from "./load-node.ts";
import { type AudioShape, audioFrames, jsonOf, noise, sine } from "./signals.ts";

const hasClang = spawnSync("clang", ["--version"]).status === 0;

interface Built {
  readonly make: () => LoadedNode;
  /** Interfaces of WASI that the component names. */
  readonly wasi: readonly string[];
  readonly printed: string[];
}

async function built(name: string): Promise<Built> {
  const bytes = readFileSync(await buildRecipe(recipes.find((recipe) => recipe.name === name)!));
  const printed: string[] = [];
  const wasi = new VirtualWasi((level, line) => printed.push(`${level}: ${new TextDecoder().decode(line)}`));
  const world = await componentWit(bytes);
  return {
    make: await loadComponent(bytes, wasi.imports()),
    wasi: world.match(/wasi:[a-z]+\/[a-z-]+/g) ?? [],
    printed,
  };
}

function tones(rate: number): Float64Array {
  const grain = noise(rate * 2, 3);
  const tone = sine(1000, rate, 2);
  const other = sine(1700, rate, 2);
  return grain.map((x, i) => {
    const t = i / rate;
    return 0.003 * x + (t >= 0.5 && t < 1 ? 0.3 * tone[i]! : 0) + (t >= 1.2 && t < 1.6 ? 0.3 * other[i]! : 0);
  });
}

function listen(node: LoadedNode, shape: AudioShape): Record<string, unknown>[] {
  node.open({ frequency: 1000, threshold_db: -2.0e1 });
  const frames = [
    ...audioFrames(tones(shape.rate), shape).flatMap((frame) => node.process(frame)),
    ...node.flush(),
  ];
  return frames.map((frame) => ({ ...jsonOf(frame), pts: frame.pts, port: frame.port }));
}

// Debian: clang, lld, wasi-libc, libclang-rt-14-dev-wasm32. Where they aren't installed there is nothing to test.
describe.skipIf(!hasClang)("the C recipe", () => {
  test("hears its tone and no other, and imports nothing", async () => {
    const { make, wasi } = await built("tone-detector");
    expect(wasi).toEqual([]);
    const heard = [
      { event: "tone_on", level_db: -10, pts: 520_000, port: "events" },
      { event: "tone_off", level_db: expect.any(Number), pts: 1_020_000, port: "events" },
    ];
    for (const format of ["s16le", "s32le", "f32le"] as const) {
      expect(listen(make(), { rate: 16000, format, chunk: 1234 })).toEqual(heard);
    }
  });

  test("refuses bad params by name and bad frames, and goes on", async () => {
    const { make } = await built("tone-detector");
    expect(() => make().open({ frequency: -5 })).toThrow("frequency: must be above 0");
    expect(() => make().open({ window_ms: "long" })).toThrow("window_ms");
    const node = make();
    node.open({ frequency: 5000 });
    expect(() => node.process(audioFrames(noise(10), { rate: 8000 })[0]!)).toThrow(NodeRefusal);
    expect(node.process(audioFrames(noise(10), { rate: 16000 })[0]!)).toEqual([]);
  });

  test("its memory stays flat over 100,000 frames", async () => {
    const node = (await built("tone-detector")).make();
    node.open({});
    const frames = audioFrames(tones(8000), { rate: 8000, chunk: 16 });
    const feed = (count: number) => {
      for (let i = 0; i < count; i++) node.process(frames[i % frames.length]!);
    };
    feed(1000);
    const before = node.memoryBytes();
    feed(100_000);
    expect(node.memoryBytes()).toBe(before);
  });

  test("prints through WASI when built with stdio", async () => {
    const { make, wasi, printed } = await built("tone-detector-stdio");
    expect(wasi).toContain("wasi:cli/stdout");
    expect(listen(make(), { rate: 16000 })).toHaveLength(2);
    expect(printed).toEqual(["info: listening for 1000.0 Hz"]);
  });
});

describe.each(["json-pick", "json-pick-wasi"])("the JavaScript recipe, %s", (name) => {
  const frame = (text: string): Frame => ({
    port: "in",
    pts: 7,
    payload: { kind: "json" },
    data: new TextEncoder().encode(text),
  });

  test("picks fields, refuses what isn't JSON, and says which params are wrong", async () => {
    const { make, wasi } = await built(name);
    expect(wasi.length > 0).toBe(name === "json-pick-wasi");
    const node = make();
    node.open({ fields: ["name", "place.city", "missing"] });
    const [out] = node.process(frame('{"name":"grüße","age":3,"place":{"city":"Ulm"}}'));
    expect(out).toMatchObject({ port: "out", pts: 7 });
    expect(jsonOf(out!)).toEqual({ name: "grüße", "place.city": "Ulm" });
    expect(() => node.process(frame("{"))).toThrow(NodeRefusal);
    expect(jsonOf(node.process(frame('{"name":1}'))[0]!)).toEqual({ name: 1 });
    expect(node.flush()).toEqual([]);
    expect(() => make().open({ fields: "name" })).toThrow("fields: not a list of strings");
  }, 60_000);
});
