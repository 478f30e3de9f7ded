// Random graphs: none stands still, each frame arrives once on each path, merges have one order whatever the timing.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runGraph } from "../../../agent/executor/run-graph.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import { connect, type FakeUnit, frameAt, ListSink, ListSource, unitOf } from "./graph-fixture.ts";

/** What a node does with a frame; `keep` of 0 drops it, 2 and 3 multiply it. */
interface NodePlan {
  /** Which earlier nodes it is fed by; a node without one has a source. */
  readonly from: readonly number[];
  readonly keep: readonly (0 | 1 | 2 | 3)[];
  readonly shiftUs: number;
  /** Frames it keeps before it gives them all; the rest comes at flush. */
  readonly holds: number;
  readonly window: number;
}

interface GraphPlan {
  readonly nodes: readonly NodePlan[];
  readonly ptsSteps: readonly number[];
  readonly queueFrames: number;
  readonly orders: readonly number[];
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const pathOf = (frame: Frame) => decoder.decode(frame.data);

function planOf(shiftUs: fc.Arbitrary<number>, holds: fc.Arbitrary<number>): fc.Arbitrary<GraphPlan> {
  const node = (index: number) =>
    fc.record({
      from: index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 3 }),
      keep: fc.array(fc.constantFrom(0, 1, 1, 1, 2, 3), { minLength: 1, maxLength: 4 }),
      shiftUs,
      holds,
      window: fc.integer({ min: 1, max: 4 }),
    });
  return fc.integer({ min: 1, max: 7 }).chain((count) =>
    fc.record({
      nodes: fc.tuple(...Array.from({ length: count }, (_, index) => node(index))),
      ptsSteps: fc.array(fc.nat(3), { maxLength: 40 }),
      queueFrames: fc.integer({ min: 1, max: 5 }),
      orders: fc.shuffledSubarray(
        Array.from({ length: 32 }, (_, i) => i),
        { minLength: 32 },
      ),
    }),
  ) as fc.Arbitrary<GraphPlan>;
}

/** The pts that source number `index` gives. */
function sourcePts(plan: GraphPlan, index: number): number[] {
  let pts = index;
  return plan.ptsSteps.map((step, i) => {
    // Sources drift apart and meet again.
    pts += index % 2 === 0 || i % 3 !== 0 ? step : 2;
    return pts;
  });
}

/** Every path by which a frame of a source can reach the end, frame by frame: what must arrive, sorted. */
function expectedPaths(plan: GraphPlan): string[] {
  const emitted = new Map<number, string[]>();
  for (const [index, node] of plan.nodes.entries()) {
    const inputs =
      node.from.length === 0
        ? sourcePts(plan, index).map((pts, i) => `${index}:${i}@${pts}`)
        : node.from.flatMap((from) => emitted.get(from)!);
    emitted.set(
      index,
      inputs.flatMap((path) => extend(path, index, node)),
    );
  }
  return [...emitted.values()].flat().sort();
}

/** What a node makes of a frame depends on the frame alone, so that the order it comes in doesn't matter. */
function extend(path: string, index: number, { keep }: NodePlan): string[] {
  const item = Number(/:(\d+)@/.exec(path)![1]);
  return Array.from({ length: keep[item % keep.length]! }, (_, copy) => `${path}>${index}.${copy}`);
}

interface Seen {
  /** Per node, the paths of the frames in the order it got them. */
  readonly order: readonly string[][];
  /** Per node, whether pts never fell from one frame to the next. */
  readonly isOrdered: readonly boolean[];
  readonly written: string[];
  readonly outcome: string;
}

/** Runs the plan; `seed` decides who is slow, and when. */
async function runPlan(plan: GraphPlan, seed: number): Promise<Seen> {
  let state = seed | 1;
  const pause = async () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    for (let i = (state >>> 24) % 12; i > 0; i--) await Promise.resolve();
  };
  const order = plan.nodes.map((): string[] => []);
  const lastPts = plan.nodes.map(() => Number.NEGATIVE_INFINITY);
  const isOrdered = plan.nodes.map(() => true);
  const units: FakeUnit[] = plan.nodes.map((node, index) => {
    const held: Frame[] = [];
    const process = (frame: Frame) => {
      order[index]!.push(pathOf(frame));
      if (frame.pts < lastPts[index]!) isOrdered[index] = false;
      lastPts[index] = frame.pts;
      const pts = frame.pts + node.shiftUs;
      const out = extend(pathOf(frame), index, node).map((path) => frameAt(pts, "out", encoder.encode(path)));
      held.push(...out);
      return held.length > node.holds ? held.splice(0) : [];
    };
    const options = { window: node.window, delay: pause };
    return unitOf(`n${index}`, () => ({ process, flush: () => held }), options);
  });
  const sink = new ListSink(pause);
  const { report } = await runGraph({
    units,
    connections: plan.nodes.flatMap(({ from }, index) =>
      from.map((earlier, i) => connect(`n${earlier}`, `n${index}`, plan.orders[(index * 3 + i) % 32]!)),
    ),
    sources: plan.nodes.flatMap(({ from }, index) => {
      if (from.length > 0) return [];
      const frames = sourcePts(plan, index).map((pts, i) =>
        frameAt(pts, "out", encoder.encode(`${index}:${i}@${pts}`)),
      );
      return [{ node: `n${index}`, port: "in", source: new ListSource(frames) }];
    }),
    sinks: units.map(({ id }) => ({ node: id, port: "out", sink })),
    queue: { frames: plan.queueFrames },
  });
  return { order, isOrdered, written: sink.frames.map(pathOf), outcome: report.outcome };
}

describe("random graphs with fan-out, merges, filters and expanders", () => {
  it("end, deliver each frame once on each path, and order every merge by pts", async () => {
    await fc.assert(
      fc.asyncProperty(planOf(fc.constant(0), fc.constant(0)), fc.integer(), async (plan, seed) => {
        const seen = await runPlan(plan, seed);
        expect(seen.outcome).toBe("done");
        expect(seen.written.toSorted()).toEqual(expectedPaths(plan));
        expect(seen.isOrdered).toEqual(plan.nodes.map(() => true));
      }),
      { numRuns: 200 },
    );
  });

  it("end and lose nothing even where nodes shift pts back and forth and hold frames back", async () => {
    await fc.assert(
      fc.asyncProperty(
        planOf(fc.integer({ min: -40, max: 40 }), fc.nat(9)),
        fc.integer(),
        async (plan, seed) => {
          const seen = await runPlan(plan, seed);
          expect(seen.outcome).toBe("done");
          expect(seen.written.toSorted()).toEqual(expectedPaths(plan));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("have the same order in every merge, whoever is slow", async () => {
    await fc.assert(
      fc.asyncProperty(
        planOf(fc.integer({ min: -10, max: 10 }), fc.nat(5)),
        fc.tuple(fc.integer(), fc.integer()),
        async (plan, [one, other]) => {
          const first = await runPlan(plan, one);
          const second = await runPlan(plan, other);
          expect(second.order).toEqual(first.order);
          expect(second.written).toEqual(first.written);
        },
      ),
      { numRuns: 150 },
    );
  });
});
