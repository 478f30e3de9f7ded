// What a peer may send us of results, alone and through a lane.
import { describe, expect, it } from "vitest";
import { ResultCredit } from "../../../agent/offload/result-credit.ts";
import { numbersOf, OffloadScene, upTo } from "./offload-scene.ts";

const base = { frames: 8, bytes: 800 };

describe("ResultCredit", () => {
  it("grants again what has left, a quarter at a time", () => {
    const credit = new ResultCredit(base);
    for (let i = 0; i < 8; i++) credit.receive(100);
    expect(credit.grant(false)).toBeUndefined();
    credit.release(1, 100);
    expect(credit.grant(false)).toBeUndefined();
    credit.release(1, 100);
    expect(credit.grant(false)).toEqual({ frames: 2, bytes: 200 });
    expect(credit.grant(false)).toBeUndefined();
  });

  it("refuses what it hasn't granted", () => {
    const credit = new ResultCredit(base);
    credit.receive(800);
    expect(() => credit.receive(1)).toThrow(expect.objectContaining({ code: "peer-invalid" }));
  });

  it("goes on beyond what it holds for one whose results are waited for, and takes that back later", () => {
    const credit = new ResultCredit(base);
    credit.receive(1000);
    expect(credit.grant(false)).toBeUndefined();
    expect(credit.grant(true)).toEqual({ frames: 0, bytes: 400 });
    credit.receive(200);
    expect(credit.grant(true)).toEqual({ frames: 0, bytes: 200 });
    credit.release(2, 1200);
    expect(credit.grant(false)).toEqual({ frames: 2, bytes: 600 });
  });
});

describe("A lane", () => {
  it("carries more calls and bytes than any credit was granted beforehand", async () => {
    const scene = new OffloadScene({ serviceMs: [0] });
    await scene.open();
    for (let round = 0; round < 40; round++) {
      const outcomes = await scene.settle(scene.sendAll(64));
      expect(numbersOf(outcomes)).toEqual(upTo(64).map((number) => number + round * 64));
    }
    expect(scene.peers[0]!.stages).toBe(1);
    for (let round = 0; round < 5; round++) {
      const large = await scene.settle(Promise.all([scene.send(5_000_000), scene.send(70_000)]));
      expect(numbersOf(large)).toHaveLength(2);
    }
    expect(scene.peers[0]!.stages).toBe(1);
  });

  it("takes a call's output beyond the credit when that is all that is waited for", async () => {
    const copies = 40;
    const data = new Uint8Array(1_000_000);
    const scene = new OffloadScene({ serviceMs: [1] });
    scene.peers[0]!.lie = (message) =>
      message.type === "frame" ? Array(copies).fill({ ...message, data }) : [message];
    await scene.open();
    const outcomes = await scene.settle(scene.sendAll(2));
    expect(outcomes.map(({ emissions }) => emissions.length)).toEqual([copies, copies]);
    expect(scene.peers[0]!.stages).toBe(1);
  });

  it.each([
    { copies: 10, bytes: 1_000_000, least: 15_000_000, most: 18_000_000 },
    { copies: 400, bytes: 4096, least: 900 * 4096, most: 1100 * 4096 },
  ])("holds little of what comes out of turn: $copies times $bytes bytes a call", async (size) => {
    const data = new Uint8Array(size.bytes);
    const scene = new OffloadScene({ serviceMs: [1, 1] });
    const [silent, quick] = scene.peers;
    await scene.open();
    // What was held and has left is nothing to it any more.
    for (let round = 0; round < 48; round++) await scene.settle(scene.sendAll(64));
    expect(quick!.framesTaken).toBeGreaterThan(1024);
    quick!.lie = (message) =>
      message.type === "frame" ? Array(size.copies).fill({ ...message, data }) : [message];
    silent!.stall();
    const [best, ...others] = scene.candidates;
    scene.runner.setCandidates([best!, ...others.map((other) => ({ ...other, score: 1000 }))]);
    const before = quick!.sentBytes;
    const first = scene.send();
    scene.runner.setCandidates(scene.candidates);
    const rest = scene.sendAll(20);
    await scene.timers.advance(200);
    expect(quick!.sentBytes - before).toBeGreaterThan(size.least);
    expect(quick!.sentBytes - before).toBeLessThan(size.most);
    silent!.heal();
    expect(await scene.settle(Promise.all([first, rest]))).toHaveLength(2);
  });
});
