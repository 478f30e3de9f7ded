// From a guest's core module as it came to one with a meter: scan, validate, meter. The caps come when it is loaded.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { type ComplexityLimits, complexityLimits } from "./complexity.ts";
import { meterCore } from "./meter.ts";
import { type CoreFacts, scanCore } from "./scan.ts";

export interface PrepareOptions {
  /** Default: `unlimitedFuel`. */
  readonly initialFuel?: bigint;
  /** Default: `complexityLimits`. */
  readonly complexity?: ComplexityLimits;
}

/** A core module that is ready to be compiled, and what its original declared. */
export interface PreparedCore {
  readonly bytes: Uint8Array;
  readonly facts: CoreFacts;
}

/** Checks the module as it came, and gives it with a meter. The order matters: an engine must not see what was not scanned,
 * and only an original that is valid can't refer to what the meter adds. How much memory it may have is its node's affair
 * and known later: `capCore`. Throws `module-invalid` or `module-too-complex`. */
export function prepareCore(bytes: Uint8Array, options: PrepareOptions = {}): PreparedCore {
  const facts = validateCore(bytes, options.complexity);
  const fuel = options.initialFuel === undefined ? {} : { initialFuel: options.initialFuel };
  const metered = meterCore(bytes, { ...fuel, facts });
  if (!WebAssembly.validate(view(metered))) {
    throw new RemoteMediaError(
      "module-too-complex",
      "the module with its meter is more than the engine takes",
    );
  }
  return { bytes: metered, facts };
}

/** Scans a core module and then has the engine validate it, unchanged.
 * Throws `module-invalid` or `module-too-complex`. */
export function validateCore(bytes: Uint8Array, limits: ComplexityLimits = complexityLimits): CoreFacts {
  const facts = scanCore(bytes, limits);
  if (!WebAssembly.validate(view(bytes))) {
    throw new RemoteMediaError("module-invalid", "the module does not validate", { cause: reason(bytes) });
  }
  return facts;
}

/** The engine's own words for why a module is invalid, which `validate` keeps to itself. */
function reason(bytes: Uint8Array): unknown {
  try {
    new WebAssembly.Module(view(bytes));
    return undefined;
  } catch (cause) {
    return cause;
  }
}

/** The same bytes under the type that the WebAssembly interface is declared with. */
function view(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
