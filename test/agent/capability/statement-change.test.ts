// What of a device is worth telling, and when.
import { describe, expect, it } from "vitest";
import type { CapabilityStatement } from "../../../agent/capability/statement.ts";
import { changedParts, paceStatement } from "../../../agent/capability/statement-change.ts";
import { boardStatement } from "./facts-fixture.ts";

const still = boardStatement();

function withLoad(load: Partial<CapabilityStatement["load"]>): CapabilityStatement {
  return { ...still, load: { ...still.load, ...load } };
}

function withFreeMemory(free: number | null): CapabilityStatement {
  return { ...still, gpu: [{ ...still.gpu[0]!, memory_free_gb: free }] };
}

describe("changedParts", () => {
  const untold: readonly (readonly [string, CapabilityStatement])[] = [
    ["the time", { ...still, time: "2027-01-01T00:00:00.000Z" }],
    ["a little more load", withLoad({ cpu: 0.34, memory: 0.16, queue_ms: 9 })],
    ["a little less storage", { ...still, storage_gb: 20 }],
    ["a little more heat", { ...still, thermal: { ...still.thermal, celsius: 53 } }],
  ];
  it.each(untold)("lets %s pass", (_, after) => {
    expect(changedParts(still, after)).toEqual([]);
  });

  const told: readonly (readonly [string, CapabilityStatement, string])[] = [
    ["a tenth more load", withLoad({ cpu: 0.35 }), "load"],
    ["a tenth less memory in use", withLoad({ memory: 0.15 }), "load"],
    ["a session", withLoad({ sessions: 1 }), "load"],
    ["a longer queue", withLoad({ queue_ms: 10 }), "load"],
    ["five degrees", { ...still, thermal: { ...still.thermal, celsius: 53.7 } }, "thermal"],
    [
      "throttling",
      { ...still, thermal: { ...still.thermal, celsius: 48.7, throttled: ["throttled"] } },
      "thermal",
    ],
    [
      "throttling that came and went between two looks",
      { ...still, thermal: { ...still.thermal, throttled_since_boot: ["throttled", "under-voltage"] } },
      "thermal",
    ],
    ["an unknown temperature", { ...still, thermal: { ...still.thermal, celsius: null } }, "thermal"],
    ["a twentieth of the free storage", { ...still, storage_gb: 19.9 }, "storage_gb"],
    ["a GPU that came", { ...still, gpu: [...still.gpu, still.gpu[0]!] }, "gpu"],
    ["a GPU that went", { ...still, gpu: [] }, "gpu"],
    ["a camera that went", boardStatement({ cameras: [] }), "devices.cameras"],
    ["another reason", boardStatement({ absences: [] }), "absent"],
    ["a codec", { ...still, codecs: {} }, "codecs"],
  ];
  it.each(told)("names the part of %s", (_, after, part) => {
    expect(changedParts(still, after)).toEqual([part]);
    expect(changedParts(after, still)).toEqual([part]);
  });

  it("tells free GPU memory by tenths of the whole", () => {
    expect(changedParts(withFreeMemory(1), withFreeMemory(0.81))).toEqual([]);
    expect(changedParts(withFreeMemory(1), withFreeMemory(0.8))).toEqual(["gpu"]);
    expect(changedParts(withFreeMemory(1), withFreeMemory(null))).toEqual(["gpu"]);
  });
});

describe("paceStatement", () => {
  const gone = boardStatement({ cameras: [] });
  const told = { statement: still, atMs: 5000 };

  it("tells the first at once", () => {
    expect(paceStatement(undefined, still, 0)).toEqual({ tell: "now" });
  });

  it("never repeats what was told", () => {
    expect(paceStatement(told, { ...still, time: gone.time }, 60_000)).toEqual({ tell: "never" });
  });

  it("tells a change at once where a second has passed, and later where it hasn't", () => {
    expect(paceStatement(told, gone, 6000)).toEqual({ tell: "now" });
    expect(paceStatement(told, gone, 5250)).toEqual({ tell: "later", afterMs: 750 });
  });

  it("doesn't wait longer than a second where the clock went back", () => {
    expect(paceStatement(told, gone, 1000)).toEqual({ tell: "later", afterMs: 1000 });
  });
});
