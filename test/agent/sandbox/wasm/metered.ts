// Runs a core module with a meter in it.

import { type Caps, capCore } from "../../../../agent/sandbox/wasm/cap.ts";
import { fuelExport } from "../../../../agent/sandbox/wasm/meter.ts";
import {
  type PreparedCore,
  type PrepareOptions,
  prepareCore,
} from "../../../../agent/sandbox/wasm/prepare.ts";
import { wat } from "../../../support/wat.ts";

/** Roomy enough for everything that doesn't test them. */
export const caps = { memoryPages: 64, tableElements: 10_000 };

type Exported = (...parameters: (number | bigint)[]) => unknown;
export type Imports = ConstructorParameters<typeof WebAssembly.Instance>[1];

/** An instance, its functions by name, and its fuel. */
export class MeteredInstance {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly #fuel: WebAssembly.Global<"i64">;

  constructor(bytes: Uint8Array, imports: Imports = {}) {
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>), imports)
      .exports as Record<string, unknown>;
    this.#fuel = this.exports[fuelExport] as WebAssembly.Global<"i64">;
  }

  get fuel(): bigint {
    return this.#fuel.value;
  }
  set fuel(value: bigint) {
    this.#fuel.value = value;
  }

  call(name: string, ...parameters: (number | bigint)[]): unknown {
    return (this.exports[name] as Exported)(...parameters);
  }

  /** Fuel that one call burns. */
  cost(name: string, ...parameters: (number | bigint)[]): bigint {
    this.fuel = 1_000_000_000_000n;
    this.call(name, ...parameters);
    return 1_000_000_000_000n - this.fuel;
  }
}

/** What becomes of a module on its way to an engine: prepared in one child, capped in another. */
export function prepareCapped(bytes: Uint8Array, options: PrepareOptions & Caps): PreparedCore {
  const prepared = prepareCore(bytes, options);
  return { ...prepared, bytes: capCore(prepared.bytes, options) };
}

/** The metered instance of a module in text form. */
export async function metered(
  text: string,
  options: Partial<PrepareOptions & Caps> = {},
  imports: Imports = {},
): Promise<MeteredInstance> {
  return new MeteredInstance(prepareCapped(await wat(text), { ...caps, ...options }).bytes, imports);
}
