// RunnerTree: several runners as one keep the contract of one, and give what the executor would have given.
import { describe, expect, test } from "vitest";
import { RunnerTree } from "../../../agent/executor/runner-tree.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import type { Outcome } from "../../../agent/node/runner.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { type FakeNode, FakeRunner } from "../../conformance/fake-runner.ts";
import { describeNodeRunner } from "../../conformance/node-runner.ts";
import { createReferenceNode } from "../../conformance/reference-node.ts";

for (const window of [1, 8]) {
  describeNodeRunner(`a tree of one runner with a window of ${window}`, async (behaviour, params, policy) => {
    const create = () => createReferenceNode(behaviour, JSON.parse(params));
    const runner = new FakeRunner({ id: "node", type: behaviour, policy, window, create });
    return new RunnerTree([{ runner }], new Set(["node.out"]));
  });
}

function frame(pts: number, port = "in"): Frame {
  return { port, pts, payload: { kind: "bytes" }, data: new Uint8Array([pts]) };
}

interface Shape {
  readonly give: (input: Frame) => readonly Frame[];
  readonly flush?: () => readonly Frame[];
  readonly window?: number;
  readonly delay?: () => Promise<void> | undefined;
}

function runnerOf(id: string, { give, flush, window = 4, delay }: Shape): FakeRunner {
  const node: FakeNode = { process: give, ...(flush && { flush }) };
  return new FakeRunner({ id, window, create: () => node, ...(delay && { delay }) });
}

const out = (pts: number, port = "out"): Frame => ({ ...frame(pts), port });

/** split gives each frame by `even` or by `odd` and by `all`; a branch for the first two. */
function split(changes: Partial<Record<"split" | "even" | "odd", Partial<Shape>>> = {}) {
  const runners = {
    split: runnerOf("split", {
      give: ({ pts }) => [out(pts, pts % 2 === 0 ? "even" : "odd"), out(pts, "all")],
      flush: () => [out(100, "even")],
      ...changes.split,
    }),
    even: runnerOf("even", {
      give: ({ pts, port }) => [out(pts + (port === "numbers" ? 10 : 1000))],
      flush: () => [out(200)],
      ...changes.even,
    }),
    odd: runnerOf("odd", { give: ({ pts }) => (pts === 3 ? [] : [out(pts + 20)]), ...changes.odd }),
  };
  const tree = new RunnerTree(
    [
      { runner: runners.split },
      { runner: runners.even, feed: { from: { node: "split", port: "even" }, port: "numbers" } },
      { runner: runners.odd, feed: { from: { node: "split", port: "odd" }, port: "in" } },
    ],
    new Set(["split.all", "even.out", "odd.out"]),
  );
  return { tree, runners };
}

function told({ emissions }: Outcome): string[] {
  return emissions.map((one) => `${one.node}.${one.frame.port}:${one.frame.pts}`);
}

describe("a tree", () => {
  test("gives each frame's way down, and names ports as the connections do", async () => {
    const { tree } = split();
    await tree.open();
    const outcomes = await Promise.all([1, 2, 3, 4].map((pts) => tree.process(frame(pts))));
    expect(outcomes.map(told)).toEqual([
      ["odd.out:21", "split.all:1"],
      ["even.out:12", "split.all:2"],
      ["split.all:3"],
      ["even.out:14", "split.all:4"],
    ]);
    await tree.close();
  });

  test("settles in the order of the calls, also where a later one has a shorter way", async () => {
    const gate = Promise.withResolvers<void>();
    const { tree } = split({ odd: { delay: () => gate.promise } });
    await tree.open();
    const settled: number[] = [];
    const calls = [1, 2].map((pts) => tree.process(frame(pts)).then(() => settled.push(pts)));
    await Promise.resolve();
    gate.resolve();
    await Promise.all(calls);
    expect(settled).toEqual([1, 2]);
    await tree.close();
  });

  test("never has more calls with a branch than its window", async () => {
    let most = 0;
    const even = runnerOf("even", { give: ({ pts }) => [out(pts)], window: 2 });
    let inside = 0;
    const process = even.process.bind(even);
    even.process = async (input) => {
      inside += 1;
      most = Math.max(most, inside);
      const outcome = await process(input);
      inside -= 1;
      return outcome;
    };
    const nine = runnerOf("split", { give: () => Array.from({ length: 9 }, (_, at) => out(at, "even")) });
    const feed = { from: { node: "split", port: "even" }, port: "in" };
    const tree = new RunnerTree([{ runner: nine }, { runner: even, feed }], new Set(["even.out"]));
    await tree.open();
    expect(told(await tree.process(frame(0)))).toEqual(
      Array.from({ length: 9 }, (_, at) => `even.out:${at}`),
    );
    expect(most).toBe(2);
    await tree.close();
  });

  test("flushes each runner after those that feed it, with what they gave on the way", async () => {
    const { tree, runners } = split();
    await tree.open();
    await tree.process(frame(2));
    expect(told(await tree.flush())).toEqual(["even.out:110", "even.out:200"]);
    expect(Object.values(runners).map(({ isFlushed }) => isFlushed)).toEqual([true, true, true]);
    await tree.close();
  });

  test("tells the failures of every runner, and goes on", async () => {
    const { tree } = split({
      odd: {
        give: ({ pts }) => {
          if (pts === 1) throw new RemoteMediaError("node-bad-input", "not this one");
          return [out(pts)];
        },
      },
    });
    await tree.open();
    const [first, second] = await Promise.all([tree.process(frame(1)), tree.process(frame(5))]);
    expect(first.failures).toMatchObject([{ node: "odd", code: "node-bad-input" }]);
    expect(told(first)).toEqual(["split.all:1"]);
    expect(told(second)).toEqual(["odd.out:5", "split.all:5"]);
    await tree.close();
  });

  test("that one runner refuses to open closes the others", async () => {
    const refusing = new FakeRunner({
      id: "odd",
      create: () => {
        throw new RemoteMediaError("node-invalid-params", "no");
      },
    });
    const root = runnerOf("split", { give: () => [] });
    const tree = new RunnerTree(
      [{ runner: root }, { runner: refusing, feed: { from: { node: "split", port: "odd" }, port: "in" } }],
      new Set(),
    );
    await expect(tree.open()).rejects.toMatchObject({ code: "node-invalid-params" });
    expect(root.isClosed).toBe(true);
  });

  test("has the metrics of all", async () => {
    const { tree } = split();
    await tree.open();
    await tree.process(frame(2));
    expect([...tree.metrics().keys()].toSorted()).toEqual(["even", "odd", "split"]);
    await tree.close();
  });
});
