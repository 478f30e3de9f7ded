// Random valid modules do the same with a meter as without, and burn the same fuel every time.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareRuns } from "./differential.ts";
import { randomModule } from "./random-module.ts";

test("a metered module gives the results, traps, memory and globals of the original", () => {
  const seen = { same: 0, exhausted: 0, unlinkable: 0 };
  fc.assert(
    fc.property(randomModule, (bytes) => {
      expect(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)).toBe(true);
      seen[compareRuns(bytes)]++;
    }),
    { numRuns: 400 },
  );
  // The comparison means something only while enough of the modules come to an end.
  expect(seen.same).toBeGreaterThan(100);
});
