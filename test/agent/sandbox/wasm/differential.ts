// Runs a module and its metered form with the same inputs, and tells whether anything came out differently.
import { capCore } from "../../../../agent/sandbox/wasm/cap.ts";
import { fuelExport } from "../../../../agent/sandbox/wasm/meter.ts";
import { type Imports, prepareCapped } from "./metered.ts";

const caps = { memoryPages: 8, tableElements: 1000 };
/** For one call: some milliseconds at most. */
const callFuel = 100_000n;
const inputs = [
  [0, 0],
  [7, -3],
  [1000, 65_536],
] as const;

/** What can be seen of a module's run: results or traps of each call, then its memory and globals. */
interface Observation {
  readonly events: readonly string[];
  /** Out of fuel: the run without a meter would not be bounded. */
  readonly exhausted: boolean;
  /** Out of stack: how deep that is depends on the engine's tier, so nothing can be compared. */
  readonly overflowed: boolean;
  readonly fuel: readonly bigint[];
}

export type Comparison = "same" | "exhausted" | "unlinkable";

/** Compares both runs; throws when the metered form of a valid module does not validate, when two metered runs burn
 * different fuel, or when the runs differ. Throws a RemoteMediaError for a module that is refused. */
export function compareRuns(bytes: Uint8Array): Comparison {
  const { bytes: metered, facts } = prepareCapped(bytes, { ...caps, initialFuel: callFuel });
  if (facts.imports.some(({ kind }) => kind !== "function")) return "unlinkable";
  const first = observe(metered);
  const again = observe(metered);
  if (first.overflowed || again.overflowed) return "exhausted";
  if (first.events.join() !== again.events.join() || first.fuel.join() !== again.fuel.join()) {
    throw new Error(`two runs differ: ${first.fuel} / ${again.fuel}`);
  }
  if (first.exhausted) return "exhausted";
  const original = observe(capCore(bytes, caps));
  if (original.overflowed) return "exhausted";
  if (original.events.join("\n") !== first.events.join("\n")) {
    throw new Error(`original:\n${original.events.join("\n")}\nmetered:\n${first.events.join("\n")}`);
  }
  return "same";
}

function observe(bytes: Uint8Array): Observation {
  const events: string[] = [];
  const fuel: bigint[] = [];
  let exhausted = false;
  let overflowed = false;
  const compiled = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  let exports: Record<string, unknown> = {};
  const stopped = () => {
    const left = (exports[fuelExport] as WebAssembly.Global<"i64"> | undefined)?.value;
    if (left !== undefined) fuel.push(left);
    exhausted ||= left !== undefined && left < 0n;
    return exhausted || overflowed;
  };
  const attempt = (what: string, run: () => unknown) => {
    try {
      events.push(`${what}: ${show(run())}`);
    } catch (thrown) {
      if (thrown instanceof RangeError) overflowed = true;
      // A start function's fuel can't be read: its instance never was.
      if (what === "instantiate" && String(thrown).includes("nreachable")) exhausted = true;
      events.push(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  };
  attempt("instantiate", () => {
    exports = new WebAssembly.Instance(compiled, stubs(compiled)).exports as Record<string, unknown>;
    return "";
  });
  for (const [name, exported] of Object.entries(exports)) {
    if (typeof exported !== "function") continue;
    for (const parameters of inputs) {
      const refill = exports[fuelExport] as WebAssembly.Global<"i64"> | undefined;
      if (refill !== undefined) refill.value = callFuel;
      attempt(`${name}(${parameters})`, () => exported(...parameters));
      if (stopped()) return { events, exhausted, overflowed, fuel };
    }
  }
  for (const [name, exported] of Object.entries(exports)) {
    if (name === fuelExport) continue;
    if (exported instanceof WebAssembly.Memory) events.push(`${name}: ${hash(exported.buffer)}`);
    if (exported instanceof WebAssembly.Global) attempt(name, () => exported.value);
  }
  return { events, exhausted, overflowed, fuel };
}

/** Functions for every import that give nothing, or zero. */
function stubs(compiled: WebAssembly.Module): Imports {
  const modules: Record<string, Record<string, () => number>> = {};
  for (const { module, name } of WebAssembly.Module.imports(compiled)) {
    modules[module] ??= {};
    modules[module][name] = () => 0;
  }
  return modules as unknown as Imports;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(" ");
  return typeof value === "function" ? "function" : String(value);
}

/** FNV-1a over 32-bit words, and the length. */
function hash(buffer: ArrayBuffer): string {
  let sum = 0x811c9dc5;
  for (const word of new Int32Array(buffer)) sum = Math.imul(sum ^ word, 0x01000193);
  return `${buffer.byteLength} ${sum >>> 0}`;
}
