// Where a whole stage could run, in which order.
import { describe, expect, it } from "vitest";
import { placeNodes } from "../../../agent/placement/place-nodes.ts";
import { planStages } from "../../../agent/placement/plan-stages.ts";
import { rankStage } from "../../../agent/placement/rank-stage.ts";
import { pipeline } from "../manifest/fixtures.ts";
import { local, measured, pass, peer } from "./places-fixture.ts";

const places = [
  local(),
  peer("a"),
  peer("b"),
  peer("far", { rttMs: 60 }),
  peer("bare", {}, { node_types: ["PassThrough"] }),
];
const times = measured({
  p: { local: 60, a: 10, b: 12, far: 10, bare: 9.5 },
  q: { local: 60, a: 10, b: 12, far: 10 },
});

function rank(more: Record<string, unknown> = {}) {
  const resolved = pipeline([pass("p", more), ["q", "AddNode", more]], ["p>q"]);
  const assignment = placeNodes(resolved, places, times);
  const planned = planStages(resolved, (node) => assignment.decisions.get(node)!.place);
  return { planned, candidates: rankStage(planned.stages[0]!, assignment) };
}

describe("rankStage", () => {
  it("gives the places that take all of its nodes, the chosen one first, then by the time of the whole", () => {
    const { planned, candidates } = rank();
    expect(planned.stages.map(({ placedOn, nodes }) => [placedOn, nodes.length])).toEqual([["id-a", 2]]);
    expect(candidates.map(({ place }) => place)).toEqual(["id-a", "id-b", "id-far", "local"]);
    expect(candidates[0]!.score.ms).toBeCloseTo(22, 0);
    expect(candidates[3]!.score.ms).toBe(120);
  });

  it("keeps to what the nodes wish before it looks at times", () => {
    const { candidates } = rank({ placement: { prefer: ["peer", "local"], deadline_ms: 40 } });
    expect(candidates.map(({ place, tier }) => [place, tier])).toEqual([
      ["id-a", 0],
      ["id-b", 0],
      ["id-far", 2],
      ["local", 3],
    ]);
  });
});
