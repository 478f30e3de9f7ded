// Which machine runs which node, and why.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Assignment, Place, PlacementFacts } from "../../../agent/placement/place.ts";
import { placeNodes } from "../../../agent/placement/place-nodes.ts";
import { pipeline, thrownBy } from "../manifest/fixtures.ts";
import { explain, local, measured, one, pass, peer, show } from "./places-fixture.ts";

type Nodes = Parameters<typeof pipeline>[0];

describe("a wish", () => {
  const both = [local(), peer("gpu")];

  it.each([
    [["peer", "local"], both, "a@gpu"],
    [["local", "peer"], both, "a@local"],
    [["local"], both, "a@local"],
    [["peer"], both, "a@gpu"],
    [["peer", "local"], [local()], "a@local"],
    [["local", "peer"], [peer("gpu")], "a@gpu"],
  ])("for %j is followed", (prefer, places, shown) => {
    expect(show(placeNodes(one({ placement: { prefer } }), places))).toBe(shown);
  });

  it("for one kind alone is an order", () => {
    const peers = one({ placement: { prefer: ["peer"] } });
    const error = thrownBy(() => placeNodes(peers, [local()]));
    expect(error.message).toBe(
      'no place for "a": no peers are known; local: its `placement.prefer` has only "peer"',
    );
    expect(error.where?.path).toBe("nodes[0].placement");
    const here = one({ placement: { prefer: ["local"] }, capabilities: { cpu: { cores: 9 } } });
    const strong = peer("gpu", {}, { cpu: { cores: 64, arch: "x86_64", model: null, features: [] } });
    expect(thrownBy(() => placeNodes(here, [local(), strong])).message).toBe(
      'no place for "a": local: needs 9 cores, and there are 4; gpu: its `placement.prefer` has only "local"',
    );
  });

  it("for a GPU counts, and isn't a requirement", () => {
    const likes = one({ capabilities: { gpu: { type: "any", required: false, preferred: true } } });
    const vulkan = {
      type: "vulkan" as const,
      model: "V",
      memory_gb: 2,
      memory_free_gb: 2,
      driver: null,
      vendor: "B",
      memory_shared: true,
    };
    expect(show(placeNodes(likes, [local(), peer("gpu", {}, { gpu: [vulkan] }), peer("plain")]))).toBe(
      "a@gpu",
    );
    const alone = placeNodes(likes, [local()]);
    expect(alone.decisions.get("a")?.considered[0]?.missing).toMatchObject([{ need: "gpu" }]);
  });

  it("for a deadline picks local, peer or farther by what is measured", () => {
    const node = one({ placement: { deadline_ms: 80 } });
    const places = [local(), peer("near"), peer("far", { rttMs: 40 })];
    const at = (times: Record<string, number>) => show(placeNodes(node, places, measured({ a: times })));
    expect(at({ local: 20, near: 19, far: 19 })).toBe("a@local");
    expect(at({ local: 100, near: 30, far: 30 })).toBe("a@near");
    expect(at({ local: 100, near: 90, far: 30 })).toBe("a@far");
    // Nobody is in time: the least late one, rather than none.
    expect(at({ local: 300, near: 120, far: 200 })).toBe("a@near");
  });

  it("for a deadline outweighs one for a kind of place", () => {
    const node = one({ placement: { deadline_ms: 80, prefer: ["peer", "local"] } });
    const far = peer("far", { rttMs: 90 });
    const placed = placeNodes(node, [local(), far], measured({ a: { local: 70, far: 1 } }));
    expect(show(placed)).toBe("a@local");
    expect(explain(placed, "a")[1]).toMatch(
      /^far fallback: .*91\.\d ms there and back, over its deadline of 80 ms$/,
    );
  });

  it("for a deadline is no reason against a machine where the node was never measured", () => {
    const likes = { gpu: { type: "any", required: false, preferred: true } };
    const node = one({ placement: { deadline_ms: 1 }, capabilities: likes });
    expect(explain(placeNodes(node, [local()]), "a")[0]).not.toContain("deadline");
  });
});

describe("a score", () => {
  it("keeps on this device what gains nothing or little elsewhere", () => {
    const places = [local(), peer("same", { rttMs: 0, bytesPerSecond: 1e12 })];
    expect(show(placeNodes(one(), places))).toBe("a@local");
    expect(show(placeNodes(one(), places, measured({ a: { local: 10, same: 9.5 } })))).toBe("a@local");
    expect(show(placeNodes(one(), places, measured({ a: { local: 10, same: 5 } })))).toBe("a@same");
  });

  it("counts the way: bytes over bandwidth, both directions, and who waits there", () => {
    const video = pipeline([pass("a", { placement: { prefer: ["local"] } }), pass("b")], ["a>b"]);
    const facts = (bytes: number): PlacementFacts => ({
      ...measured({ a: { local: 1, gpu: 1 }, b: { local: 40, gpu: 5 } }),
      frameBytes: () => bytes,
    });
    const slow = { bytesPerSecond: 12_500_000 };
    expect(show(placeNodes(video, [local(), peer("gpu", slow)], facts(1000)))).toBe("a@local b@gpu");
    expect(show(placeNodes(video, [local(), peer("gpu", slow)], facts(3_000_000)))).toContain("b@local");
    const load = { cpu: 0.5, memory: 0, sessions: 9, queue_ms: 60 };
    expect(show(placeNodes(video, [local(), peer("gpu", slow, { load })], facts(1000)))).toContain("b@local");
  });

  it("keeps neighbours together where the way between costs more than the computing saves", () => {
    const chain = pipeline([pass("a"), pass("b"), pass("c")], ["a>b", "b>c"]);
    const facts = (between: number) =>
      measured({ a: { local: 50, gpu: 5 }, b: { local: between, gpu: 5.5 }, c: { local: 50, gpu: 5 } });
    expect(show(placeNodes(chain, [local(), peer("gpu")], facts(5)))).toBe("a@gpu b@gpu c@gpu");
    const cheap = { ...facts(0), frameBytes: () => 10 };
    const quick = peer("gpu", { rttMs: 0.1 });
    expect(show(placeNodes(chain, [local(), quick], cheap))).toBe("a@gpu b@local c@gpu");
  });

  it("counts the way back for a peer's merge: its frames come from here", () => {
    const merge = pipeline([pass("s"), pass("a"), pass("b"), pass("m")], ["s>a", "s>b", "a>m", "b>m"]);
    const facts = measured({
      s: { local: 1, gpu: 1 },
      a: { local: 90, gpu: 5 },
      b: { local: 90, gpu: 5 },
      m: { local: 5, gpu: 4 },
    });
    expect(show(placeNodes(merge, [local(), peer("gpu")], facts))).toMatch(/a@gpu b@gpu m@local$/);
  });

  it("reckons a peer's time from this machine's until it is measured there", () => {
    const cpu = { cores: 64, arch: "x86_64", model: null, features: [] };
    const facts = measured({ a: { local: 100 } });
    const placed = placeNodes(one(), [local(), peer("big", {}, { cpu })], facts);
    expect(explain(placed, "a")[0]).toEqual(
      expect.stringMatching(/^big chosen: computes in 50.0 ms, by its time elsewhere; /),
    );
    const busy = peer("big", {}, { cpu, load: { cpu: 0.999, memory: 0.9, sessions: 64, queue_ms: 0 } });
    expect(show(placeNodes(one(), [local(), busy], facts))).toBe("a@local");
  });

  it("isn't driven out of a busy machine by guesses, nor by load that may be the node's own", () => {
    const busy = { cpu: 1, memory: 0.5, sessions: 0, queue_ms: 0 };
    const idle = peer("idle", { rttMs: 0.5 });
    expect(show(placeNodes(one(), [local({ load: busy }), idle]))).toBe("a@local");
    const placed = placeNodes(one(), [local({ load: busy }), idle], measured({ a: { local: 100 } }));
    expect(
      placed.decisions.get("a")?.considered.find(({ place }) => place === "id-idle")?.times,
    ).toMatchObject({
      computeMs: 100,
      known: "scaled",
    });
    expect(show(placed)).toBe("a@local");
  });

  it("takes no lie for a number", () => {
    const odd = peer("odd", { rttMs: Number.NaN, bytesPerSecond: -1, price: Number.NaN });
    const facts = { measured: () => Number.NEGATIVE_INFINITY, frameBytes: () => Number.NaN };
    const placed = placeNodes(pipeline([pass("a"), pass("b")], ["a>b"]), [local(), odd], facts);
    expect(show(placed)).toBe("a@local b@local");
    expect(placed.score.ms).toBeGreaterThan(0);
  });

  it("lists fallbacks by score, then the refused", () => {
    const places = [
      local(),
      peer("b"),
      peer("a"),
      peer("far", { rttMs: 80 }),
      peer("no", { barred: "draining" }),
    ];
    const placed = placeNodes(one(), places, measured({ a: { local: 60, a: 10, b: 20, far: 1 } }));
    expect(placed.decisions.get("a")?.considered.map(({ place }) => place)).toEqual([
      "id-a",
      "id-b",
      "local",
      "id-far",
      "id-no",
    ]);
    const scores = placed.decisions.get("a")!.considered.map(({ score }) => score?.ms);
    expect(scores.slice(0, 4)).toEqual(scores.slice(0, 4).toSorted((x, y) => x! - y!));
    expect(scores[4]).toBeUndefined();
  });
});

describe("a policy", () => {
  const policy = (name: string) => one({ placement: { policy: name } });
  const times = measured({ a: { local: 50, busy: 10, idle: 14, big: 30 } });
  const cpu = (cores: number) => ({ cpu: { cores, arch: "x86_64", model: null, features: [] } });
  const places: Place[] = [
    local(),
    peer("busy", { price: 3 }, { load: { cpu: 0.9, memory: 0.2, sessions: 3, queue_ms: 0 } }),
    peer("idle", { price: 1 }),
    peer("big", { price: undefined }, cpu(64)),
  ];

  it.each([
    ["latency", "a@busy", ""],
    ["balanced", "a@idle", "load 0 %"],
    ["greedy", "a@big", "number 1 in strength (64 cores)"],
    ["cost", "a@local", "price 0"],
  ])("of %s chooses %s", (name, shown, reason) => {
    const placed = placeNodes(policy(name), places, times);
    expect(show(placed)).toBe(shown);
    expect(explain(placed, "a")[0]).toContain(reason);
  });

  it("of cost pays the least, an unknown price last", () => {
    const placed = placeNodes(policy("cost"), places.slice(1), times);
    expect(placed.decisions.get("a")?.considered.map(({ place }) => place)).toEqual([
      "id-idle",
      "id-busy",
      "id-big",
    ]);
  });
});

describe("any placement", () => {
  const wishes = fc.record(
    {
      placement: fc.record(
        {
          prefer: fc.constantFrom(["local"], ["peer"], ["peer", "local"], ["local", "peer"]),
          deadline_ms: fc.integer({ min: 1, max: 100 }),
          policy: fc.constantFrom("latency", "balanced", "greedy", "cost"),
        },
        { requiredKeys: [] },
      ),
      host: fc.constantFrom("p0", "id-p1", "porch"),
      capabilities: fc.record({ cpu: fc.record({ cores: fc.integer({ min: 1, max: 8 }) }) }),
    },
    { requiredKeys: [] },
  );
  const node = fc.tuple(fc.constantFrom("PassThrough", "Own", "TestSink"), wishes);
  const anyPlace = fc.record({
    rttMs: fc.option(fc.nat(50), { nil: undefined }),
    barred: fc.option(fc.constant("no"), { nil: undefined, freq: 5 }),
    cores: fc.integer({ min: 1, max: 8 }),
    types: fc.boolean(),
  });
  const scene = fc.record({
    nodes: fc.array(node, { minLength: 1, maxLength: 7 }),
    peers: fc.array(anyPlace, { maxLength: 4 }),
    times: fc.func(fc.option(fc.nat(100), { nil: undefined })),
  });

  it("keeps every rule or is refused, and doesn't depend on the order of the places", () => {
    fc.assert(
      fc.property(scene, ({ nodes, peers, times }) => {
        const listed: Nodes = nodes.map(
          ([type, more], n) => [`n${n}`, type, type === "TestSink" ? {} : more] as const,
        );
        const connections = nodes
          .slice(1)
          .flatMap(([,], n) => (nodes[n]![0] === "TestSink" ? [] : [`n${n}>n${n + 1}`]));
        const resolved = pipeline(listed, connections, ["Own"]);
        const places = [
          local(),
          ...peers.map(({ rttMs, barred, cores, types }, n) =>
            peer(
              `p${n}`,
              { rttMs, barred },
              {
                cpu: { cores, arch: "x86_64", model: null, features: [] },
                ...(types ? {} : { node_types: [] }),
              },
            ),
          ),
        ];
        const facts = { measured: (node: string, place: string) => times(node, place) };
        let placed: Assignment;
        try {
          placed = placeNodes(resolved, places, facts);
        } catch {
          const error = thrownBy(() => placeNodes(resolved, places, facts));
          expect(error.code).toBe("placement-impossible");
          for (const { message } of [error, ...error.problems]) {
            for (const { id, name } of places) expect(message).toContain(`${id === "local" ? id : name}: `);
          }
          return;
        }
        expect(show(placeNodes(resolved, places.toReversed(), facts))).toBe(show(placed));
        for (const { id, runtime, placement, requirements, trust, host } of resolved.nodes) {
          const decision = placed.decisions.get(id)!;
          const at = places.find((place) => place.id === decision.place)!;
          expect(decision.considered.map(({ place }) => place).toSorted()).toEqual(
            places.map((place) => place.id).toSorted(),
          );
          expect(decision.considered[0]).toMatchObject({ place: at.id, verdict: "chosen" });
          expect(at.barred).toBeUndefined();
          expect((requirements[0]?.cpu?.cores ?? 0) <= at.statement.cpu.cores).toBe(true);
          expect(
            placement.prefer === undefined || placement.prefer.includes(at.id === "local" ? "local" : "peer"),
          ).toBe(true);
          if (host !== undefined) expect([at.id, at.name]).toContain(host);
          if (runtime === "native") expect(at.id).toBe("local");
          else if (at.id !== "local" && trust === "builtin") expect(at.statement.node_types).not.toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("tells how good it is beside what runs now", () => {
    const chain = pipeline([pass("a"), pass("b")], ["a>b"]);
    const facts = measured({ a: { local: 50, gpu: 5 }, b: { local: 50, gpu: 5 } });
    const places = [local(), peer("gpu")];
    const now = (place: string | undefined) => placeNodes(chain, places, { ...facts, current: () => place });
    expect(now("local").current!.ms).toBeGreaterThan(now("local").score.ms);
    expect(now("id-gpu").current).toEqual(now("id-gpu").score);
    expect(now("id-gone").current).toBeUndefined();
    expect(placeNodes(chain, places, facts).current).toBeUndefined();
    const barred = [local(), peer("gpu", { barred: "draining" })];
    expect(placeNodes(chain, barred, { ...facts, current: () => "id-gpu" }).current).toBeUndefined();
  });

  it("takes 4096 nodes and 256 machines in well under the time that anything waits for", () => {
    const capabilities = { cpu: { cores: 2 }, gpu: { type: "any", required: false, preferred: true } };
    const nodes = Array.from({ length: 4096 }, (_, n) => pass(`n${n}`, n % 3 === 0 ? { capabilities } : {}));
    const connections = nodes
      .slice(1)
      .flatMap(([id], n) => [
        `n${Math.floor(n / 2)}>${id}`,
        ...(n % 8 === 0 && n > 8 ? [`n${n - 7}>${id}`] : []),
      ]);
    const places = [
      local(),
      ...Array.from({ length: 255 }, (_, n) =>
        peer(
          `p${n}`,
          { rttMs: (n % 17) + 0.5 },
          { load: { cpu: (n % 7) / 10, memory: 0, sessions: 0, queue_ms: n % 5 } },
        ),
      ),
    ];
    const resolved = pipeline(nodes, [...new Set(connections)]);
    const facts = {
      measured: (node: string, place: string) => (place === "local" ? 20 + (node.length % 5) : undefined),
    };
    const start = performance.now();
    const placed = placeNodes(resolved, places, facts);
    const tookMs = performance.now() - start;
    expect(placed.decisions.size).toBe(4096);
    // A loaded machine of two cores takes several times what an idle one does.
    expect(tookMs).toBeLessThan(8000);
  });
});
