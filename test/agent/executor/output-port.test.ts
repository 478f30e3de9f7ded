// Merge keys: fractions of a microsecond order what has the same pts, and never reach the next.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyAfter } from "../../../agent/executor/output-port.ts";

describe("the key after a key", () => {
  it("is above it for a million frames of one pts, and stays within its microsecond", () => {
    let key = 7;
    let risen = 0;
    for (let i = 0; i < 1_000_000; i++) {
      const after = keyAfter(key);
      if (after > key) risen++;
      key = after;
    }
    expect(risen).toBe(1_000_000);
    expect(Math.floor(key)).toBe(7);
  });

  it("never falls and never reaches the next pts", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(5000), (pts, steps) => {
        let key = pts;
        for (let i = 0; i < steps; i++) {
          const after = keyAfter(key);
          if (after < key || Math.floor(after) !== pts) return false;
          key = after;
        }
        return true;
      }),
    );
  });

  it("of nothing is nothing", () => {
    expect(keyAfter(Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY);
  });
});
