// What nothing outweighs: which nodes may not run where, and what is said of it.
import { describe, expect, it } from "vitest";
import { placeNodes } from "../../../agent/placement/place-nodes.ts";
import { pipeline, thrownBy } from "../manifest/fixtures.ts";
import { explain, local, measured, one, pass, peer, show } from "./places-fixture.ts";

describe("the rules of placement", () => {
  it("keeps the ends of this device here, and what has grants", () => {
    const slow = measured({ src: { local: 900, gpu: 1 }, b: { local: 900, gpu: 1 } });
    const grants = { network: { http: ["api.example.com"] } };
    const placed = placeNodes(
      pipeline([["src", "TestSource"], pass("b", { grants })], ["src>b"]),
      [local(), peer("gpu")],
      slow,
    );
    expect(show(placed)).toBe("src@local b@local");
    expect(explain(placed, "src")[1]).toBe("gpu refused: the node is an end of this very device");
    expect(explain(placed, "b")[1]).toBe(
      "gpu refused: a node with grants stays on the device that grants them",
    );
  });

  it.each([
    ["the built-in type", { node_types: ["AddNode"] }, "doesn't know the node type PassThrough"],
    [
      "the memory",
      { sandbox: { seccomp: true, cgroup: true, max_memory_mb: 255 } },
      "gives a node at most 255 MiB of memory, and its limit is 256",
    ],
  ])("passes over a peer that lacks %s", (_, lacks, reason) => {
    const placed = placeNodes(
      one(),
      [local(), peer("gpu", {}, lacks)],
      measured({ a: { local: 900, gpu: 1 } }),
    );
    expect(explain(placed, "a")).toEqual([expect.stringContaining("local chosen"), `gpu refused: ${reason}`]);
  });

  it("passes over a peer whose world isn't a module's", () => {
    const own = pipeline([["a", "Own"]], [], ["Own"]);
    const places = [local(), peer("old", {}, { wit: ["remotemedia:node@0.9.0"] })];
    expect(explain(placeNodes(own, places), "a")[1]).toBe(
      "old refused: doesn't run modules of remotemedia:node@1.0.0",
    );
    const willing = placeNodes(own, [local(), peer("new")], measured({ a: { local: 90, new: 1 } }));
    expect(show(willing)).toBe("a@new");
  });

  it("doesn't hold this machine to what its own statement lists: resolving has shown it", () => {
    const bare = { node_types: [], sandbox: { seccomp: true, cgroup: false, max_memory_mb: 1 } };
    expect(show(placeNodes(one(), [local(bare)]))).toBe("a@local");
  });

  it("never chooses a barred place, and says why", () => {
    const barred = peer("gpu", { barred: "its membership\nhas expired" });
    const placed = placeNodes(one(), [local(), barred], measured({ a: { local: 900, gpu: 1 } }));
    expect(explain(placed, "a")[1]).toBe("gpu refused: its membership has expired");
  });

  it("requires, and takes nothing for almost", () => {
    const gpu = {
      type: "cuda" as const,
      model: "A2",
      memory_gb: 16,
      memory_free_gb: 16,
      driver: null,
      vendor: "N",
      memory_shared: false,
    };
    const wants = one({ capabilities: { gpu: { type: "cuda", min_memory_gb: 8 } } });
    const places = [
      local(),
      peer("big", {}, { gpu: [gpu] }),
      peer("small", {}, { gpu: [{ ...gpu, memory_free_gb: 4 }] }),
    ];
    const placed = placeNodes(wants, places);
    expect(show(placed)).toBe("a@big");
    expect(
      placed.decisions.get("a")?.considered.map(({ verdict, unmet }) => [verdict, unmet.length]),
    ).toEqual([
      ["chosen", 0],
      ["refused", 1],
      ["refused", 1],
    ]);
  });
});

describe("a node that is pinned", () => {
  const places = [local(), peer("gpu"), peer("attic", { addresses: ["[fd00::7]:7443", "attic.lan:7443"] })];

  it.each([
    ["gpu", "gpu"],
    ["id-gpu", "gpu"],
    ["gpu.lan:7443", "gpu"],
    ["gpu.lan", "gpu"],
    ["webrtc://gpu.lan:7443/doorbell", "gpu"],
    ["webrtc://attic", "attic"],
    ["[fd00::7]:7443", "attic"],
    ["porch", "local"],
    ["local", "local"],
  ])("to %s runs on %s", (host, place) => {
    expect(show(placeNodes(one({ host }), places))).toBe(`a@${place}`);
  });

  it("runs nowhere else, whatever that place lacks", () => {
    const error = thrownBy(() =>
      placeNodes(one({ host: "gpu", capabilities: { cpu: { cores: 9 } } }), places),
    );
    expect(error.code).toBe("placement-impossible");
    expect(error.message).toBe(
      'no place for "a": it is pinned to "gpu"; local: not the host it is pinned to; attic: not the host it is pinned to; gpu: needs 9 cores, and there are 4',
    );
    expect(error.where?.path).toBe("nodes[0].host");
  });

  it("to a port that isn't there runs nowhere", () => {
    expect(thrownBy(() => placeNodes(one({ host: "gpu.lan:7444" }), places)).message).toContain(
      'it is pinned to "gpu.lan:7444", and no known peer is called so; local:',
    );
  });

  it("to a name that two have runs on neither, naming both", () => {
    const twins = [local(), peer("gpu"), peer("gpu", { id: "id-other" })];
    const error = thrownBy(() => placeNodes(one({ host: "gpu" }), twins));
    expect(error.message).toContain("names 2 places (gpu (id-gpu) at id-gpu, gpu (id-other) at id-other)");
    expect(error.hint).toBe("write the device id of the one that is meant");
    expect(show(placeNodes(one({ host: "id-other" }), twins))).toBe("a@id-other".replace("id-", ""));
  });

  it("isn't caught by a peer that calls itself by another's id", () => {
    const thief = peer("thief", { name: "id-gpu", addresses: ["local"] });
    expect(show(placeNodes(one({ host: "id-gpu" }), [local(), thief, peer("gpu")]))).toBe("a@gpu");
    expect(show(placeNodes(one({ host: "local" }), [local(), thief]))).toBe("a@local");
  });
});
