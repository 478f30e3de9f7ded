// What people and programs are shown of a placement.
import { describe, expect, it } from "vitest";
import { describePlacement, explainPlacement } from "../../../agent/placement/explain-placement.ts";
import { placeNodes } from "../../../agent/placement/place-nodes.ts";
import { local, measured, one, peer } from "./places-fixture.ts";

const nasty = peer("x", { name: "lo\u202ecal\n[31m", barred: "no role\nexecute" });
const placed = placeNodes(
  one({ placement: { deadline_ms: 80 } }),
  [
    local(),
    peer("gpu"),
    peer("attic", { rttMs: 90 }),
    nasty,
    peer("fake", { name: "local", barred: "it lies" }),
  ],
  measured({ a: { local: 60, gpu: 10, attic: 5 } }),
);

describe("explainPlacement", () => {
  it("has a row for every place, the chosen first, the refused last, without anybody's control characters", () => {
    expect(explainPlacement(placed)).toEqual([
      {
        node: "a",
        place: "gpu",
        verdict: "chosen",
        score: "14.26 ms",
        because: "computes in 10.0 ms; ways to and from it 2.26 ms; 2.00 ms against leaving this device",
      },
      { node: "", place: "local", verdict: "fallback", score: "60 ms", because: "computes in 60.0 ms" },
      {
        node: "",
        place: "attic",
        verdict: "fallback",
        score: "96.76 ms",
        because:
          "computes in 5.00 ms; ways to and from it 90.3 ms; 1.50 ms against leaving this device; 95.3 ms there and back, over its deadline of 80 ms",
      },
      { node: "", place: "local (id-fake)", verdict: "refused", score: "", because: "it lies" },
      { node: "", place: "lo cal [31m", verdict: "refused", score: "", because: "no role execute" },
    ]);
  });
});

describe("describePlacement", () => {
  it("says the same in JSON", () => {
    const [described] = JSON.parse(JSON.stringify(describePlacement(placed)));
    expect(described).toMatchObject({ node: "a", place: "id-gpu" });
    expect(described.considered).toHaveLength(5);
    expect(described.considered[0]).toEqual({
      place: "id-gpu",
      name: "gpu",
      verdict: "chosen",
      score_ms: 14.26,
      rank: 0,
      times_ms: { compute: 10, compute_is: "measured", queue: 0, there: 1.13, back: 1.13 },
      reasons: ["computes in 10.0 ms", "ways to and from it 2.26 ms", "2.00 ms against leaving this device"],
    });
    expect(described.considered[4]).toEqual({
      place: "id-x",
      name: "lo cal [31m",
      verdict: "refused",
      reasons: ["no role execute"],
    });
  });
});
