// What the engine threw, in our words: the trap by its name in the WebAssembly specification.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Guest } from "./guest.ts";

/** JavaScriptCore's messages, by what they contain. */
const traps: readonly (readonly [contains: string, name: string])[] = [
  ["Unreachable code", "unreachable"],
  ["Out of bounds memory access", "out of bounds memory access"],
  ["Out of bounds table access", "out of bounds table access"],
  ["Out of bounds call_indirect", "undefined element"],
  ["call_indirect to a null table entry", "uninitialized element"],
  ["call_indirect to a signature that does not match", "indirect call type mismatch"],
  ["Division by zero", "integer divide by zero"],
  ["Integer overflow", "integer overflow"],
  ["Out of bounds Trunc operation", "invalid conversion to integer"],
  ["Maximum call stack size exceeded", "call stack exhausted"],
  ["Out of memory", "out of memory"],
];

/** A failure that the report can carry. Ours passes through; a trap with an empty tank is `node-fuel-exhausted`; what the
 * glue throws while it lifts a lie is `node-bad-output`. */
export function classifyTrap(thrown: unknown, guest: Guest | undefined): RemoteMediaError {
  if (thrown instanceof RemoteMediaError) return thrown;
  if (guest !== undefined && guest.fuelLeft() < 0n) {
    return new RemoteMediaError("node-fuel-exhausted", "the call used up its fuel");
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const trap = traps.find(([contains]) => message.includes(contains));
  if (trap !== undefined) return new RemoteMediaError("node-trap", trap[1]);
  const engine = thrown instanceof WebAssembly.RuntimeError || thrown instanceof WebAssembly.LinkError;
  return new RemoteMediaError(engine ? "node-trap" : "node-bad-output", message.slice(0, 200));
}
