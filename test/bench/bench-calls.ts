// What a call costs: through the sandbox with every limit on, beside Extism and beside jco in this process.
import { join } from "node:path";

import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import createPlugin from "@extism/extism";
import type { Frame } from "../../agent/node/frame.ts";
import type { Preparation } from "../../agent/sandbox/prepare/prepare-module.ts";
import type { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import { capCore } from "../../agent/sandbox/wasm/cap.ts";
import { builtinNodes } from "../../dist/nodes/index.ts";
import { chainRunner, checkout, prepareHere } from "../support/sandbox.ts";
import { type Row, rowOf } from "./row.ts";
import { timeCalls } from "./statistic.ts";

const sizes = [
  { name: "0 B", bytes: 0, runs: 5000, goals: {} },
  { name: "1 KiB", bytes: 1024, runs: 5000, goals: { goal: 60, goalUpper: 300 } },
  { name: "64 KiB", bytes: 65_536, runs: 2000, goals: {} },
  { name: "1 MiB", bytes: 1 << 20, runs: 400, goals: { goal: 1200 } },
  { name: "3.1 MB picture", bytes: 3_110_400, runs: 200, goals: { goal: 2000 } },
] as const;

const frameOf = (bytes: number): Frame => ({
  port: "in",
  pts: 0,
  payload: { kind: "bytes" },
  data: new Uint8Array(bytes).fill(7),
});

export async function benchCalls(pool: SandboxPool): Promise<Row[]> {
  const rows: Row[] = [];
  const preparation = builtinNodes.get("PassThrough")!.preparation();
  const runner = chainRunner(pool, [{ preparation }]);
  await runner.open();
  const extismWorker = await openExtism(true);
  const extismInline = await openExtism(false);
  const jco = await openJco();
  for (const { name, bytes, runs, goals } of sizes) {
    const frame = frameOf(bytes);
    rows.push(
      rowOf("call", `${name}, sandbox`, "µs", await timeCalls(runs, () => runner.process(frame)), goals),
    );
    const fewer = Math.min(runs, 400);
    rows.push(
      rowOf(
        "call",
        `${name}, Extism in a worker`,
        "µs",
        await timeCalls(fewer, () => extismWorker(frame.data)),
      ),
    );
    if (bytes <= 65_536)
      rows.push(
        rowOf(
          "call",
          `${name}, Extism in this thread (no limits)`,
          "µs",
          await timeCalls(fewer, () => extismInline(frame.data)),
        ),
      );
    rows.push(
      rowOf("call", `${name}, jco in this thread (no limits)`, "µs", await timeCalls(runs, () => jco(frame))),
    );
  }
  for (const { name, bytes, runs } of sizes) {
    const goal = bytes === 1024 ? { goal: 15 } : {};
    rows.push({
      group: "stream",
      name: `${name}, 32 frames in flight`,
      unit: "µs/frame",
      ...(await streamed(runner, frameOf(bytes), runs * 2)),
      ...goal,
    });
  }
  await runner.close();
  rows.push(...(await benchStages(pool, preparation)));
  return rows;
}

type Runner = ReturnType<typeof chainRunner>;

/** Microseconds a frame while frames are streaming; the median of five passes. */
async function streamed(
  runner: Runner,
  frame: Frame,
  frames: number,
): Promise<{ value: number; min: number; upper: number }> {
  const passes: number[] = [];
  for (let pass = 0; pass < 6; pass++) {
    const started = performance.now();
    const flight: Promise<unknown>[] = [];
    for (let index = 0; index < frames; index++) {
      flight.push(runner.process(frame));
      if (flight.length >= runner.window) await flight.shift();
    }
    await Promise.all(flight);
    passes.push(((performance.now() - started) * 1000) / frames);
  }
  const sorted = passes.slice(1).toSorted((a, b) => a - b);
  return { value: sorted[2]!, min: sorted[0]!, upper: sorted[4]! };
}

/** Three nodes in a stage beside one, and beside three stages. */
async function benchStages(pool: SandboxPool, preparation: Preparation): Promise<Row[]> {
  const frame = frameOf(1024);
  const one = chainRunner(pool, [{ preparation }]);
  const three = chainRunner(pool, [{ preparation }, { preparation }, { preparation }]);
  const apart = [1, 2, 3].map(() => chainRunner(pool, [{ preparation }]));
  await Promise.all([one, three, ...apart].map((runner) => runner.open()));
  const chained = async () => {
    let data: Frame = frame;
    for (const runner of apart) data = { ...(await runner.process(data)).emissions[0]!.frame, port: "in" };
  };
  const single = await timeCalls(4000, () => one.process(frame));
  const together = await timeCalls(4000, () => three.process(frame));
  const separate = await timeCalls(4000, chained);
  await Promise.all([one, three, ...apart].map((runner) => runner.close()));
  return [
    rowOf("stage", "1 node, 1 KiB", "µs", single),
    rowOf("stage", "3 nodes in one stage, 1 KiB", "µs", together),
    rowOf("stage", "3 nodes in three stages, 1 KiB", "µs", separate),
    {
      group: "stage",
      name: "3 in one stage ÷ 3 in three stages",
      unit: "×",
      value: together.p50 / separate.p50,
      goal: 0.6,
    },
  ];
}

/** An echo in Extism's own ABI: eight bytes at a time, as its PDKs do. */
const extismEcho = `(module
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "input_load_u64" (func $load (param i64) (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "echo") (result i32) (local $n i64) (local $at i64) (local $out i64)
    (local.set $n (call $length))
    (local.set $out (call $alloc (i64.add (local.get $n) (i64.const 8))))
    (block $done (loop $next
      (br_if $done (i64.ge_u (local.get $at) (local.get $n)))
      (call $store (i64.add (local.get $out) (local.get $at)) (call $load (local.get $at)))
      (local.set $at (i64.add (local.get $at) (i64.const 8)))
      (br $next)))
    (call $output (local.get $out) (local.get $n))
    (i32.const 0)))`;

async function openExtism(runInWorker: boolean): Promise<(data: Uint8Array) => Promise<unknown>> {
  const wasm = await parse(extismEcho);
  const plugin = await createPlugin(
    { wasm: [{ data: wasm as Uint8Array<ArrayBuffer> }] },
    { useWasi: false, runInWorker },
  );
  return (data) => plugin.call("echo", data);
}

/** The floor: the same component through jco's glue, in this process, without limits. */
async function openJco(): Promise<(frame: Frame) => unknown> {
  const { module } = await prepareHere(
    await Bun.file(join(checkout, "dist/nodes/PassThrough.wasm")).bytes(),
    "glue",
  );
  const url = URL.createObjectURL(new Blob([module.glue!.slice()], { type: "text/javascript" }));
  const { instantiate } = await import(url);
  const caps = { memoryPages: 4096, tableElements: 1000 };
  const cores = new Map(
    module.cores.map(({ name, bytes }) => [
      name,
      new WebAssembly.Module(capCore(bytes, caps) as Uint8Array<ArrayBuffer>),
    ]),
  );
  const guest = instantiate((name: string) => cores.get(name), { "remotemedia:node/log": { write() {} } });
  guest.open("{}");
  return ({ port, data }) => guest.process({ port, pts: 0n, payload: { tag: "bytes" }, data });
}
