// What the meter costs: the same kernels unrewritten and metered, in turn, in processes of their own.
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { meterCore } from "../../agent/sandbox/wasm/meter.ts";
import type { Row } from "./row.ts";
import { summarise } from "./statistic.ts";

const pairs = 20;
/** An engine lays out code differently each time: the median over processes is the kernel's, one process's is luck. */
const processes = 9;
const kernels = [
  { name: "sha256", goal: 15 },
  { name: "matmul", goal: 10 },
  { name: "fft", goal: 10 },
] as const;

type Kernel = (typeof kernels)[number]["name"];
type Kernels = Record<Kernel, () => number>;

export async function benchFuel(): Promise<Row[]> {
  const runs: Record<Kernel, number>[] = [];
  for (let run = 0; run < processes; run++) {
    // As in a sandbox child, where an address-space cap leaves no room for the engine's reservations.
    const env = { ...process.env, BUN_JSC_useWasmFastMemory: "0" };
    const child = Bun.spawn([process.execPath, import.meta.path], { env, stdout: "pipe", stderr: "inherit" });
    runs.push((await new Response(child.stdout).json()) as Record<Kernel, number>);
  }
  return kernels.map(({ name, goal }) => {
    const percents = runs.map((run) => run[name]);
    const { min, p50, max } = summarise(percents);
    return {
      group: "fuel",
      name: `${name}, metered against unrewritten`,
      unit: "% more",
      value: p50,
      min,
      upper: max,
      goal,
    };
  });
}

/** One process's medians of ratios pair by pair, so that a machine whose speed drifts doesn't decide. */
async function measureHere(): Promise<Record<string, number>> {
  const plain = await compileKernels();
  const original = instantiate(plain);
  const metered = instantiate(meterCore(plain));
  return Object.fromEntries(
    kernels.map(({ name }) => [name, summarise(compare(original[name], metered[name])).p50]),
  );
}

function compare(original: () => number, metered: () => number): number[] {
  for (let run = 0; run < 60; run++) {
    if (original() !== metered()) throw new TypeError("the metered kernel gives another result");
  }
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? [original, metered] : [metered, original];
    const [first, second] = order.map(best);
    ratios.push(((pair % 2 === 0 ? second! / first! : first! / second!) - 1) * 100);
  }
  return ratios;
}

/** The best of five: what an interruption adds is not the kernel's. */
function best(kernel: () => number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const started = performance.now();
    kernel();
    least = Math.min(least, performance.now() - started);
  }
  return least;
}

function instantiate(bytes: Uint8Array): Kernels {
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const abort = () => {
    throw new TypeError("a kernel aborted");
  };
  return new WebAssembly.Instance(module, { env: { abort } }).exports as unknown as Kernels;
}

async function compileKernels(): Promise<Uint8Array> {
  const source = await Bun.file(join(import.meta.dirname, "assembly/kernels.ts")).text();
  const { binary, error, stderr } = await asc.compileString(
    { "kernels.ts": source },
    { optimizeLevel: 3, runtime: "stub", use: ["abort="] },
  );
  if (error !== null || binary === null)
    throw new TypeError(`the kernels don't compile: ${stderr.toString()}`);
  return binary;
}

if (import.meta.main) console.log(JSON.stringify(await measureHere()));
