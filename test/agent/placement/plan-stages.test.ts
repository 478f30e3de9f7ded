// Which nodes share a sandbox child.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sortGraph } from "../../../agent/manifest/sort-graph.ts";
import type { Plan } from "../../../agent/placement/plan.ts";
import { planStages } from "../../../agent/placement/plan-stages.ts";
import { pipeline } from "../manifest/fixtures.ts";

type Nodes = Parameters<typeof pipeline>[0];

/** Stages as `root+node+node`, then the connections between them. */
function show(plan: Plan): string[] {
  const stages = plan.stages.map(({ nodes }) => nodes.map(({ id }) => id).join("+"));
  return [
    ...stages,
    ...plan.connections.map(({ from, to }) => `${from.node}.${from.port}>${to.node}.${to.port}`),
  ];
}

function plan(nodes: Nodes, connections: readonly string[]): Plan {
  return planStages(pipeline(nodes, connections, ["Own", "Other"]));
}

const pass = (id: string) => [id, "PassThrough"] as const;
const own = (id: string) => [id, "Own"] as const;

describe("planStages", () => {
  it("plans the speech pipeline: one child for the whole of it", () => {
    const planned = plan(
      [
        ["resample", "FastResampleNode"],
        ["vad", "VoiceActivity"],
        ["mel", "MelSpectrogram"],
        ["events", "PassThrough"],
      ],
      ["resample>vad", "vad.speech>mel", "vad.events>events"],
    );
    expect(planned).toEqual({
      stages: [
        {
          id: "stage-1",
          nodes: ["resample", "vad", "mel", "events"].map((id) => expect.objectContaining({ id })),
          root: "resample",
          links: [
            { from: { node: "resample", port: "out" }, to: { node: "vad", port: "in" } },
            { from: { node: "vad", port: "speech" }, to: { node: "mel", port: "in" } },
            { from: { node: "vad", port: "events" }, to: { node: "events", port: "in" } },
          ],
          placedOn: "local",
        },
      ],
      connections: [],
      openInputs: [{ node: "resample", port: "in", kinds: ["audio"], required: true }],
      openOutputs: [
        { node: "mel", port: "out", kinds: ["tensor"], onRequest: false },
        { node: "events", port: "out", kinds: expect.arrayContaining(["json"]), onRequest: false },
      ],
      decisions: [
        { node: "resample", stage: "stage-1", reason: "starts a stage: nothing in the pipeline feeds it" },
        { node: "vad", stage: "stage-1", reason: "shares the child of resample" },
        { node: "mel", stage: "stage-1", reason: "shares the child of vad" },
        { node: "events", stage: "stage-1", reason: "shares the child of vad" },
      ],
    });
  });

  it.each<[string, Nodes, string[], string[]]>([
    ["a chain of modules shares a child", [own("a"), own("b"), ["c", "Other"]], ["a>b", "b>c"], ["a+b+c"]],
    [
      "branches of modules don't: a kill in one must not cost the other its state",
      [own("a"), own("b"), own("c")],
      ["a>b", "a>c"],
      ["a", "b", "c", "a.out>b.in", "a.out>c.in"],
    ],
    [
      "nodes of other trust don't",
      [pass("a"), own("b"), pass("c")],
      ["a>b", "b>c"],
      ["a", "b", "c", "a.out>b.in", "b.out>c.in"],
    ],
    [
      "a built-in branch beside a module's stays with its feeder",
      [pass("a"), own("b"), pass("c")],
      ["a>b", "a>c"],
      ["a+c", "b", "a.out>b.in"],
    ],
    [
      "a merge starts a stage",
      [pass("a"), pass("b"), pass("c"), pass("d")],
      ["a>b", "a>c", "b>d", "c>d"],
      ["a+b+c", "d", "b.out>d.in", "c.out>d.in"],
    ],
    [
      "two connections from one feeder are a merge too",
      [["vad", "VoiceActivity"], pass("a")],
      ["vad.speech>a", "vad.events>a"],
      ["vad", "a", "vad.speech>a.in", "vad.events>a.in"],
    ],
    [
      "native nodes stand alone",
      [["src", "TestSource"], pass("a"), ["sink", "TestSink"]],
      ["src>a", "a>sink"],
      ["src", "a", "sink", "src.out>a.in", "a.out>sink.in"],
    ],
    [
      "a node comes after its feeder wherever the manifest has it",
      [pass("c"), pass("b"), pass("a")],
      ["a>b", "b>c"],
      ["a+b+c"],
    ],
    ["unconnected nodes don't share a child", [pass("a"), pass("b")], [], ["a", "b"]],
  ])("%s", (_, nodes, connections, shown) => {
    expect(show(plan(nodes, connections))).toEqual(shown);
  });

  it("gives a node with grants a child of its own", () => {
    const grants = { network: { http: ["api.example.com"] } };
    const planned = plan([own("a"), ["b", "Own", { grants }], own("c")], ["a>b", "b>c"]);
    expect(show(planned).slice(0, 3)).toEqual(["a", "b", "c"]);
  });

  it("starts a new stage after sixteen nodes", () => {
    const nodes = Array.from({ length: 40 }, (_, n) => pass(`n${n}`));
    const planned = plan(
      nodes,
      nodes.slice(1).map(([id], n) => `n${n}>${id}`),
    );
    expect(planned.stages.map((stage) => stage.nodes.length)).toEqual([16, 16, 8]);
    expect(planned.decisions[16]?.reason).toBe("starts a stage: stage-1 is full");
  });
});

describe("the plan of any pipeline", () => {
  const graph = fc
    .array(fc.constantFrom("PassThrough", "Own", "Other"), { minLength: 1, maxLength: 24 })
    .chain((types) => {
      const end = fc.nat(types.length - 1);
      return fc.record({
        types: fc.constant(types),
        edges: fc.uniqueArray(fc.tuple(end, end), {
          maxLength: 30,
          selector: ([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`,
        }),
        order: fc.shuffledSubarray(
          types.map((_, n) => n),
          { minLength: types.length },
        ),
      });
    })
    .map(({ types, edges, order }) => {
      const nodes = order.map((n) => [`n${n}`, types[n]!] as const);
      const connections = edges
        .filter(([a, b]) => a !== b)
        .map(([a, b]) => `n${Math.min(a, b)}>n${Math.max(a, b)}`);
      return pipeline(nodes, connections, ["Own", "Other"]);
    });

  it("has every node in exactly one stage, and every connection inside one or between two", () => {
    fc.assert(
      fc.property(graph, (resolved) => {
        const planned = planStages(resolved);
        const ids = planned.stages.flatMap(({ nodes }) => nodes.map(({ id }) => id));
        expect(ids.toSorted()).toEqual(resolved.nodes.map(({ id }) => id).toSorted());
        expect(planned.decisions.map(({ node }) => node)).toEqual(ids);
        const key = ({ from, to }: { from: { node: string }; to: { node: string } }) =>
          `${from.node}>${to.node}`;
        const links = planned.stages.flatMap((stage) => stage.links);
        expect([...links, ...planned.connections].map(key).toSorted()).toEqual(
          resolved.connections.map(key).toSorted(),
        );
      }),
      { numRuns: 150 },
    );
  });

  it("has stages that are trees, entered only at the root, of at most sixteen nodes of one trust", () => {
    fc.assert(
      fc.property(graph, (resolved) => {
        const planned = planStages(resolved);
        const roots = new Set(planned.stages.map(({ root }) => root));
        expect(planned.connections.every(({ to }) => roots.has(to.node))).toBe(true);
        for (const { nodes, root, links } of planned.stages) {
          expect(nodes[0]?.id).toBe(root);
          expect(nodes.length).toBeLessThanOrEqual(16);
          expect(new Set(nodes.map(({ trust }) => trust)).size).toBe(1);
          const seen = new Set([root]);
          expect(links.map(({ to }) => to.node).toSorted()).toEqual(
            nodes
              .slice(1)
              .map(({ id }) => id)
              .toSorted(),
          );
          for (const { id } of nodes.slice(1)) {
            expect(seen.has(links.find(({ to }) => to.node === id)!.from.node)).toBe(true);
            seen.add(id);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it("never shares a child between branches of modules", () => {
    fc.assert(
      fc.property(graph, (resolved) => {
        for (const { nodes, links } of planStages(resolved).stages) {
          if (nodes[0]!.trust === "builtin") continue;
          const feeders = links.map(({ from }) => from.node);
          expect(new Set(feeders).size).toBe(feeders.length);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("lists stages after all that feed them, so that stages have no cycle", () => {
    fc.assert(
      fc.property(graph, (resolved) => {
        const planned = planStages(resolved);
        const stageOf = new Map(planned.decisions.map(({ node, stage }) => [node, stage]));
        const ids = planned.stages.map(({ id }) => id);
        const edges = planned.connections.map(
          ({ from, to }) => [stageOf.get(from.node)!, stageOf.get(to.node)!] as const,
        );
        expect(edges.every(([from, to]) => from !== to)).toBe(true);
        expect(sortGraph(ids, edges).cycle).toBeUndefined();
        expect(edges.every(([from, to]) => ids.indexOf(from) < ids.indexOf(to))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});

describe("a plan over several places", () => {
  const places = (written: string) =>
    new Map(written.split(" ").map((pair) => pair.split("@") as [string, string]));
  const planAt = (nodes: Nodes, connections: readonly string[], written: string) => {
    const at = places(written);
    return planStages(pipeline(nodes, connections, ["Own", "Other"]), (node) => at.get(node) ?? "local");
  };

  it("parts neighbours that run on different machines", () => {
    const planned = planAt([pass("a"), pass("b"), pass("c")], ["a>b", "b>c"], "b@gpu");
    expect(show(planned)).toEqual(["a", "b", "c", "a.out>b.in", "b.out>c.in"]);
    expect(planned.stages.map(({ placedOn }) => placedOn)).toEqual(["local", "gpu", "local"]);
    expect(planned.decisions.map(({ reason }) => reason).slice(1)).toEqual([
      "starts a stage: it runs on gpu, and a on local",
      "starts a stage: it runs on local, and b on gpu",
    ]);
  });

  it("puts what one peer runs in one stage, whoever wrote it, branches too: the peer parts it for itself", () => {
    const planned = planAt(
      [pass("a"), own("b"), own("c"), pass("d"), ["e", "Other"]],
      ["a>b", "b>c", "b>d", "a>e"],
      "a@gpu b@gpu c@gpu d@gpu e@gpu",
    );
    expect(show(planned)).toEqual(["a+b+c+d+e"]);
    expect(planned.decisions[1]?.reason).toBe("shares the stage of a");
  });

  it("starts a stage at a peer too where connections meet, where sixteen are full, and after a node of ours", () => {
    const merge = planAt(
      [pass("s"), pass("a"), pass("b"), pass("m")],
      ["s>a", "s>b", "a>m", "b>m"],
      "s@p a@p b@p m@p",
    );
    expect(show(merge).slice(0, 2)).toEqual(["s+a+b", "m"]);
    const ids = Array.from({ length: 20 }, (_, n) => `n${n}`);
    const long = planAt(
      ids.map(pass),
      ids.slice(1).map((id, n) => `n${n}>${id}`),
      ids.map((id) => `${id}@p`).join(" "),
    );
    expect(long.stages.map(({ nodes }) => nodes.length)).toEqual([16, 4]);
    const native = planAt([["src", "TestSource"], pass("a")], ["src>a"], "a@p");
    expect(show(native).slice(0, 2)).toEqual(["src", "a"]);
  });
});
