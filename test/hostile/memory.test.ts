// A guest that wants more memory than it may have is told so; it doesn't hurt its child, its neighbours or the machine.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../agent/node/limits.ts";
import type { Outcome } from "../../agent/node/runner.ts";
import { checkModuleLimits } from "../../agent/sandbox/prepare/check-module-limits.ts";
import { maxTableElements } from "../../agent/sandbox/table-limit.ts";
import { prepareHere } from "../support/sandbox.ts";
import { buildGuest, readGuest } from "./guest.ts";
import { expectEcho, frameOf, onlyFailure, openStand } from "./stand.ts";

const stand = openStand();
const mebibyte = 1024 * 1024;
const pageBytes = 65_536;

describe.each(["direct", "glue"] as const)("a grower that is entered by %s", (entry) => {
  it("sees -1 when it asks for more than its limit, and goes on", async () => {
    const runner = await stand.open(await readGuest("grower"), {
      entry,
      limits: { maxMemoryBytes: 4 * mebibyte },
    });
    expect(answer(await runner.process(frameOf([1, 0])))).toBe(-1);
    expect(answer(await runner.process(frameOf([3, 0])))).toBe(1);
    // One page is there already: 63 fit, 64 don't.
    expect(answer(await runner.process(frameOf([4, 4])))).toBe(-1);
    expect(answer(await runner.process(frameOf([4, 3])))).toBe(1);
    expectEcho(await runner.process(frameOf([0, 9])), [0, 9]);
    expect(runner.metrics().get("node")!.restarts).toBe(0);
  });

  it("gets all of its limit, page after page, and no page more", async () => {
    const runner = await stand.open(await readGuest("grower"), {
      entry,
      limits: { maxMemoryBytes: 8 * mebibyte },
    });
    expect(answer(await runner.process(frameOf([2, 0])))).toBe((8 * mebibyte) / pageBytes);
    expectEcho(await runner.process(frameOf([0, 9])), [0, 9]);
    expect(runner.metrics().get("node")!.memoryPeakBytes).toBe(8 * mebibyte);
    await stand.expectNeighbourUnharmed();
  });

  it("sees -1 when its table would pass the bound", async () => {
    const runner = await stand.open(await readGuest("grower"), { entry });
    expect(answer(await runner.process(frameOf([5, 0])))).toBe(-1);
    expect(answer(await runner.process(frameOf([6, 0])))).toBeLessThanOrEqual(maxTableElements);
    expectEcho(await runner.process(frameOf([0, 9])), [0, 9]);
  });
});

describe("a module that declares too much", () => {
  it.each([
    ["memory", { memory: "4097" }, "268500992 bytes of memory; its limit is 268435456"],
    ["a table", { fields: "(table 9999999 funcref)" }, "a table of 9999999 elements; at most 131072"],
  ] as const)(
    "of %s is refused with module-limit, before and at its start",
    async (_what, parts, message) => {
      const guest = await buildGuest(parts);
      const { facts } = await prepareHere(guest);
      expect(() => checkModuleLimits(facts, defaultLimits, { node: "node" })).toThrow(
        expect.objectContaining({ code: "module-limit", message: expect.stringContaining(message) }),
      );
      const runner = await stand.make(guest);
      await expect(runner.open()).rejects.toMatchObject({ code: "module-limit" });
      await stand.expectNeighbourUnharmed();
    },
  );
});

it.each([32, 128, 256])(
  "a guest that fills %i MiB and traps gets the same memory each time, in the same child",
  async (size) => {
    const runner = await stand.open(await readGuest("grower"), {
      limits: { maxMemoryBytes: size * mebibyte },
    });
    for (let pts = 0; pts < 12; pts++) {
      // It asks for all but 4 MiB of its limit.
      const failure = onlyFailure(await runner.process(frameOf([7, size - 4], pts)));
      expect(failure).toMatchObject({ code: "node-trap", message: "unreachable", consecutive: pts + 1 });
    }
    expectEcho(await runner.process(frameOf([0, 9])), [0, 9]);
    await stand.expectNeighbourUnharmed();
  },
);

it("200 traps in a row don't fill the child with what dead instances held", async () => {
  const runner = await stand.open(await readGuest("grower"), { limits: { maxMemoryBytes: 16 * mebibyte } });
  const before = stand.pids.map(peakMebibytes);
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, (_, pts) => runner.process(frameOf([7, 10], pts))),
  );
  expect(outcomes.map((outcome) => onlyFailure(outcome).code)).toEqual(Array(200).fill("node-trap"));
  expect(runner.metrics().get("node")!.restarts).toBe(200);
  // 200 instances had 10 MiB each; the child never held more than a few of them at once.
  const risen = stand.pids.map(peakMebibytes).filter((peak, index) => peak !== before[index]);
  expect(Math.max(...risen)).toBeGreaterThan(10);
  expect(Math.max(...risen)).toBeLessThan(500);
});

it("a table at its bound, trapped over and over, doesn't either", async () => {
  const guest = await readGuest("grower", { fields: "(table 131072 funcref)" });
  const runner = await stand.open(guest);
  for (let pts = 0; pts < 40; pts++) onlyFailure(await runner.process(frameOf([7, 1], pts)));
  expectEcho(await runner.process(frameOf([0, 9])), [0, 9]);
});

function answer(outcome: Outcome): number {
  expect(outcome.failures).toEqual([]);
  const { data } = outcome.emissions[0]!.frame;
  return new DataView(data.buffer, data.byteOffset).getInt32(0, true);
}

/** The most that a process has ever held. */
function peakMebibytes(pid: number): number {
  try {
    const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(kibibytes?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
