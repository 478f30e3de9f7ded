// OffloadRunner, one failure at a time: who gets which call, what is replayed, what is given up.
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../agent/node/runner.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { failuresOf, numbersOf, OffloadScene, upTo } from "./offload-scene.ts";
import { flushMark } from "./simulated-runner.ts";

async function timeOf(scene: OffloadScene, frames: number): Promise<number> {
  await scene.open();
  const begunMs = scene.timers.monotonicMs();
  const outcomes: Outcome[] = [];
  for (let sent = 0; sent < frames; sent += 32) outcomes.push(...(await scene.settle(scene.sendAll(32))));
  expect(numbersOf(outcomes)).toEqual(upTo(outcomes.length));
  return scene.timers.monotonicMs() - begunMs;
}

describe("A stage at several peers", () => {
  it("gets nearly twice as far with two as with one", async () => {
    const one = await timeOf(new OffloadScene({ serviceMs: [20] }), 320);
    const two = await timeOf(new OffloadScene({ serviceMs: [20, 20] }), 320);
    expect(one / two).toBeGreaterThan(1.8);
  });

  it("gives a slow peer less, so that it holds nobody up", async () => {
    const fast = await timeOf(new OffloadScene({ serviceMs: [10] }), 320);
    const scene = new OffloadScene({ serviceMs: [10, 40] });
    expect(await timeOf(scene, 320)).toBeLessThan(fast * 1.1);
    expect(scene.peers[0]!.framesTaken).toBeGreaterThan(scene.peers[1]!.framesTaken * 2);
  });

  it("keeps away from one that placement thinks much worse, until the better is gone", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5], scores: [10, 50] });
    await scene.open();
    await scene.settle(scene.sendAll(10));
    expect(scene.peers[1]!.framesTaken).toBe(0);
    const later = scene.sendAll(10);
    await scene.timers.advance(8);
    scene.peers[0]!.kill();
    expect(numbersOf(await scene.settle(later))).toEqual(upTo(20).slice(10));
    expect(scene.peers[1]!.framesTaken).toBeGreaterThan(5);
  });

  it("comes back to the better one when that is there again", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5], scores: [10, 50] });
    await scene.open();
    scene.peers[0]!.kill();
    await scene.settle(scene.sendAll(2));
    scene.peers[0]!.heal();
    await scene.timers.advance(10_000);
    const before = scene.peers[0]!.framesTaken;
    await scene.settle(scene.sendAll(10));
    expect(scene.peers[0]!.framesTaken - before).toBe(10);
    await scene.timers.advance(10_000);
    expect(scene.runner.status().candidates.map(({ state }) => state)).toEqual(["open", "idle"]);
  });

  it("tells where it is, and where its time goes", async () => {
    const scene = new OffloadScene({ serviceMs: [20, 20] });
    await timeOf(scene, 64);
    expect(scene.runner.metrics().get("node")).toMatchObject({ placedOn: "peer-0,peer-1", framesIn: 64 });
    const [status] = scene.runner.status().candidates;
    expect(status).toMatchObject({ state: "open", breaker: "closed", inFlight: 0, lastError: undefined });
    expect(status!.latencyUs!.p95).toBeGreaterThanOrEqual(status!.latencyUs!.p50);
    expect(status!.hops.wireUs).toBeCloseTo(2000, -2);
  });
});

describe("A peer that goes", () => {
  it.each([0, 1000])("costs no frame when it is noticed after %d ms, and little time", async (silenceMs) => {
    const scene = new OffloadScene({ serviceMs: [5, 5] });
    await scene.open();
    await scene.settle(scene.sendAll(32));
    const calls = scene.sendAll(32);
    await scene.timers.advance(20);
    scene.peers[0]!.kill(silenceMs);
    const begunMs = scene.timers.monotonicMs();
    expect(numbersOf(await scene.settle(calls))).toEqual(upTo(64).slice(32));
    expect(scene.timers.monotonicMs() - begunMs).toBeLessThan(silenceMs === 0 ? 250 : 700);
  });

  it("is not waited for when it is only silent, and is believed again when it speaks", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5] });
    await scene.open();
    await scene.settle(scene.sendAll(8));
    scene.peers[1]!.stall();
    const calls = scene.sendAll(8);
    expect(numbersOf(await scene.settle(calls))).toEqual(upTo(16).slice(8));
    expect(scene.kinds()).toContain("suspected peer-1");
    scene.peers[1]!.heal();
    await scene.timers.advance(100);
    expect(scene.runner.status().candidates.map(({ state }) => state)).toEqual(["open", "open"]);
    expect(numbersOf(await scene.settle(scene.sendAll(8)))).toEqual(upTo(24).slice(16));
  });

  it("is given up when it stays silent for longer than a call may take", async () => {
    const scene = new OffloadScene({ serviceMs: [5], localScore: 90 });
    await scene.open();
    scene.peers[0]!.stall();
    expect(numbersOf(await scene.settle(scene.sendAll(4)))).toEqual(upTo(4));
    await scene.timers.advance(4000);
    expect(scene.kinds()).toContain("lost peer-0");
    expect(scene.locals).toBe(1);
  });

  it("leaves the work to this machine when nobody else is there", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5], localScore: 100 });
    await scene.open();
    const calls = scene.sendAll(16);
    await scene.timers.advance(10);
    for (const peer of scene.peers) peer.kill();
    expect(numbersOf(await scene.settle(calls))).toEqual(upTo(16));
    expect(scene.locals).toBe(1);
    expect(scene.runner.metrics().get("node")!.placedOn).toBe("here");
  });

  it("and all others with it: each frame that waits is a failure that names what was tried", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5] });
    await scene.open();
    for (const peer of scene.peers) peer.kill();
    const outcomes = await scene.settle(scene.sendAll(3));
    expect(failuresOf(outcomes)).toMatchObject(
      upTo(3).map((number) => ({
        node: "node",
        code: "peer-lost",
        framePts: number * 1000,
        consecutive: number + 1,
      })),
    );
    expect(failuresOf(outcomes)[0]!.message).toMatch(/peer-0 \(peer-.*: .+\); peer-1 \(peer-.*: .+\)/);
    for (const peer of scene.peers) peer.heal();
    await scene.timers.advance(30_000);
    expect(numbersOf(await scene.settle(scene.sendAll(2)))).toEqual([3, 4]);
  });

  it("again and again because of a frame takes that frame with it, and no other", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5, 5, 5] });
    await scene.open();
    for (const peer of scene.peers) {
      peer.lie = (message) => {
        if (message.type === "frame" && message.pts === 3000) peer.kill();
        return [message];
      };
    }
    const outcomes = await scene.settle(scene.sendAll(12));
    expect(failuresOf(outcomes)).toMatchObject([{ code: "peer-lost", framePts: 3000 }]);
    expect(numbersOf(outcomes)).toEqual(upTo(12).filter((number) => number !== 3));
    expect(scene.kinds().filter((kind) => kind.startsWith("lost"))).toHaveLength(2);
  });

  it("because of a frame that this machine can take is asked no more than twice", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5, 5, 5], localScore: 100 });
    await scene.open();
    for (const peer of scene.peers) {
      peer.lie = (message) => {
        if (message.type === "frame" && message.pts === 3000) peer.kill();
        return [message];
      };
    }
    expect(numbersOf(await scene.settle(scene.sendAll(12)))).toEqual(upTo(12));
    expect(scene.kinds().filter((kind) => kind.startsWith("lost"))).toHaveLength(2);
    expect(scene.locals).toBe(1);
  });
});

describe("A peer that refuses", () => {
  it("calls because it is busy is spared for a moment", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5] });
    await scene.open();
    scene.peers[0]!.refusesCalls = true;
    expect(numbersOf(await scene.settle(scene.sendAll(20)))).toEqual(upTo(20));
    expect(scene.peers[1]!.framesTaken).toBeGreaterThanOrEqual(20);
    scene.peers[0]!.heal();
    await scene.timers.advance(1000);
    const before = scene.peers[0]!.framesTaken;
    await scene.settle(scene.sendAll(20));
    expect(scene.peers[0]!.framesTaken).toBeGreaterThan(before);
  });

  it("every call, and is alone, costs the frames in the end and hangs nobody", async () => {
    const scene = new OffloadScene({ serviceMs: [5] });
    await scene.open();
    scene.peers[0]!.refusesCalls = true;
    const [outcome] = await scene.settle(scene.sendAll(1));
    expect(outcome!.failures).toMatchObject([
      { code: "peer-lost", message: expect.stringContaining("peer-busy") },
    ]);
  });

  it("a stage is passed over, and named when all do", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5], scores: [1, 50] });
    scene.peers[0]!.refusesStages = new RemoteMediaError("peer-busy", "it runs 64 stages");
    await scene.open();
    expect(numbersOf(await scene.settle(scene.sendAll(3)))).toEqual(upTo(3));

    const none = new OffloadScene({ serviceMs: [5, 5] });
    none.peers[0]!.refusesStages = new RemoteMediaError("peer-busy", "it runs 64 stages");
    none.peers[1]!.kill();
    await expect(none.open()).rejects.toMatchObject({
      code: "placement-impossible",
      message: expect.stringMatching(/peer-0 \(peer-busy: .*64 stages\); peer-1 \(peer-unreachable/),
      problems: [{ code: "peer-busy" }, { code: "peer-unreachable" }],
    });
  });

  it("isn't there at all: a stage without a place says so", async () => {
    const scene = new OffloadScene({ serviceMs: [] });
    await expect(scene.open()).rejects.toMatchObject({ code: "placement-impossible" });
  });

  it("the stage for a fault of its own is believed when all say so", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5] });
    for (const peer of scene.peers)
      peer.refusesStages = new RemoteMediaError("node-invalid-params", "no such model");
    await expect(scene.open()).rejects.toMatchObject({ code: "node-invalid-params" });
  });
});

describe("A peer that lies", () => {
  it("is left at once, its session too, and not asked again for a while", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5] });
    await scene.open();
    scene.peers[0]!.lie = (message) =>
      message.type === "frame" ? [{ ...message, port: "secret" }] : [message];
    expect(numbersOf(await scene.settle(scene.sendAll(16)))).toEqual(upTo(16));
    const [liar] = scene.runner.status().candidates;
    expect(liar).toMatchObject({ breaker: "open", lastError: { code: "peer-invalid" } });
    const { sessions } = scene.peers[0]!;
    await scene.timers.advance(400);
    expect(scene.peers[0]!.sessions).toBe(sessions);
  });
});

describe("A deadline", () => {
  it("is met by another peer when the first is too slow", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5], stage: { deadlineMs: 200 } });
    await scene.open();
    await scene.settle(scene.sendAll(8));
    scene.peers[0]!.stall();
    const outcomes = await scene.settle(scene.sendAll(8));
    expect(failuresOf(outcomes)).toEqual([]);
    expect(numbersOf(outcomes)).toEqual(upTo(16).slice(8));
  });

  it("that nobody can make ends as a failure, in time", async () => {
    const scene = new OffloadScene({ serviceMs: [500], stage: { deadlineMs: 200 } });
    await scene.open();
    const begunMs = scene.timers.monotonicMs();
    const outcomes = await scene.settle(scene.sendAll(2));
    expect(scene.timers.monotonicMs() - begunMs).toBeLessThanOrEqual(201);
    expect(failuresOf(outcomes)).toMatchObject([{ code: "peer-deadline" }, { code: "peer-deadline" }]);
  });
});

describe("A swap of candidates", () => {
  it("lets what is in flight end where it is", async () => {
    const scene = new OffloadScene({ serviceMs: [10, 10] });
    await scene.open();
    scene.runner.setCandidates([scene.candidates[0]!]);
    const calls = scene.sendAll(8);
    await scene.timers.advance(15);
    scene.runner.setCandidates([scene.candidates[1]!]);
    const later = scene.sendAll(8);
    const outcomes = await scene.settle(Promise.all([calls, later]));
    expect(numbersOf(outcomes.flat())).toEqual(upTo(16));
    expect([scene.peers[0]!.framesTaken, scene.peers[1]!.framesTaken]).toEqual([8, 8]);
    expect(scene.runner.status().candidates).toHaveLength(1);
  });

  it("moves a state between two frames: the old one is flushed before the new one's first", async () => {
    const stage = { stateful: true };
    const scene = new OffloadScene({ serviceMs: [10, 10], scores: [10, 50], stage });
    await scene.open();
    const calls = scene.sendAll(4);
    await scene.timers.advance(5);
    scene.runner.setCandidates([scene.candidates[1]!]);
    await scene.timers.advance(20);
    const outcomes = await scene.settle(Promise.all([calls, scene.sendAll(4)]));
    expect(numbersOf(outcomes.flat())).toEqual([0, 1, 2, 3, flushMark, 4, 5, 6, 7]);
    expect(failuresOf(outcomes.flat())).toEqual([]);
    expect(scene.kinds()).not.toContain("gap peer-0");
  });
});

describe("A stage that remembers", () => {
  it("begins anew elsewhere and reports what was lost", async () => {
    const scene = new OffloadScene({ serviceMs: [10, 10], stage: { stateful: true } });
    await scene.open();
    const calls = scene.sendAll(6);
    await scene.timers.advance(25);
    expect(scene.peers.map(({ stages }) => stages)).toEqual([1, 0]);
    scene.peers[0]!.kill();
    const outcomes = await scene.settle(Promise.all([calls, scene.sendAll(3)]));
    const failures = failuresOf(outcomes.flat());
    expect(failures.map(({ code }) => code)).toEqual(failures.map(() => "peer-lost"));
    expect(failures.length).toBeGreaterThan(1);
    expect(
      [...numbersOf(outcomes.flat()), ...failures.map(({ framePts }) => framePts! / 1000)].toSorted(),
    ).toEqual(upTo(9));
    expect(scene.events).toContainEqual({
      kind: "gap",
      place: "peer-0",
      name: "peer-0",
      calls: failures.length,
    });
    expect(scene.runner.metrics().get("node")!.restarts).toBe(1);
  });
});

describe("A stage that is closed", () => {
  it.each([0, 100])("leaves nothing behind that waits, with a deadline of %d ms", async (deadlineMs) => {
    const scene = new OffloadScene({ serviceMs: [5, 5], localScore: 100, stage: { deadlineMs } });
    await scene.open();
    scene.peers[0]!.kill();
    scene.peers[1]!.refusesCalls = true;
    const calls = Promise.allSettled(Array.from({ length: 8 }, () => scene.send()));
    await scene.timers.advance(12);
    await scene.runner.close();
    expect((await calls).map(({ status }) => status)).toEqual(Array(8).fill("rejected"));
    await scene.timers.advance(50);
    expect(scene.timers.pending).toBe(0);
  });

  it("while nobody takes its calls leaves nothing behind either", async () => {
    const scene = new OffloadScene({ serviceMs: [5] });
    await scene.open();
    scene.peers[0]!.kill();
    const calls = Promise.allSettled([scene.send(), scene.send()]);
    await scene.timers.advance(1500);
    await scene.runner.close();
    expect((await calls).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await scene.timers.advance(50);
    expect(scene.timers.pending).toBe(0);
  });

  it("may be given candidates before it is opened, and after", async () => {
    const scene = new OffloadScene({ serviceMs: [5, 5] });
    scene.runner.setCandidates(scene.candidates.slice(1));
    await scene.open();
    await scene.settle(scene.sendAll(3));
    expect(scene.peers.map(({ stages }) => stages)).toEqual([0, 1]);
    await scene.runner.close();
    scene.runner.setCandidates(scene.candidates);
    await scene.timers.advance(1000);
    expect(scene.peers.map(({ stages }) => stages)).toEqual([0, 1]);
  });
});
