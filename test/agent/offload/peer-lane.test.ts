// One stage at one peer that says what can't be true, or stops: each lie alone is enough.
import { describe, expect, it, vi } from "vitest";
import type { NodeFailure } from "../../../agent/node/failure.ts";
import type { OffloadedStage, PeerCandidate } from "../../../agent/offload/candidate.ts";
import type { CallResult } from "../../../agent/offload/lane.ts";
import { PeerLane } from "../../../agent/offload/peer-lane.ts";
import type { StageMessage } from "../../../agent/protocol/control-message.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Channel } from "../../../platform/contract/link.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { type Lie, ModelPeer } from "./model-peer.ts";
import { simulatedStage } from "./offload-scene.ts";
import { numberedFrame, SimulatedRunner } from "./simulated-runner.ts";

class LaneScene {
  readonly timers = new FakeTimers();
  readonly answered: CallResult[] = [];
  readonly refused: RemoteMediaError[] = [];
  readonly peer: ModelPeer;
  readonly lane: PeerLane;
  ended: RemoteMediaError | undefined;
  isNeeded = false;
  /** What the lane told, in order. */
  readonly told: ("answered" | "ended")[] = [];
  #sent = 0;

  constructor(stage: Partial<OffloadedStage> = {}) {
    const makeRunner = () => new SimulatedRunner(this.timers, () => 5, false);
    this.peer = new ModelPeer({ device: "peer", timers: this.timers, makeRunner });
    const candidate: PeerCandidate = {
      kind: "peer",
      place: "peer",
      name: "the peer",
      score: 1,
      session: () => this.peer.connect(),
    };
    this.lane = new PeerLane({
      candidate,
      stage: { ...simulatedStage, ...stage },
      timers: this.timers,
      events: {
        answered: (_, result) => {
          this.told.push("answered");
          this.answered.push(result);
        },
        refused: (_, why) => this.refused.push(why),
        room: () => {},
        ended: (why) => {
          this.told.push("ended");
          this.ended = why;
        },
        isNeeded: () => this.isNeeded,
      },
    });
  }

  async open(): Promise<void> {
    const opening = this.lane.open();
    await this.timers.advance(20);
    await opening;
  }

  send(calls: number, bytes?: number): void {
    for (let i = 0; i < calls; i++) {
      this.#sent += 1;
      this.lane.send({ number: this.#sent, frame: numberedFrame(this.#sent, bytes) });
    }
  }
}

const failure: NodeFailure = {
  node: "node",
  nodeType: "whatever",
  code: "node-trap",
  message: "unreachable",
  framePts: 1000,
  consecutive: 1,
};
const ended = { serviceUs: 2, waitedUs: 1 };
const busy = { code: "peer-busy", message: "later" };

const onFrame =
  (alter: (frame: Extract<StageMessage, { type: "frame" }>) => readonly StageMessage[]): Lie =>
  (message) =>
    message.type === "frame" ? alter(message) : [message];
const onAck =
  (alter: (ack: Extract<StageMessage, { type: "ack" }>) => readonly StageMessage[]): Lie =>
  (message) =>
    message.type === "ack" ? alter(message) : [message];

describe("A peer is believed nothing more once it has said", () => {
  it.each<readonly [string, Lie]>([
    ["a frame of a call that isn't its turn", onFrame((frame) => [{ ...frame, call: frame.call + 1 }])],
    ["a frame of a call that never was", onFrame((frame) => [{ ...frame, call: 99 }])],
    ["a frame of a call that was answered", onAck((ack) => [ack, frameOf(ack.call)])],
    ["an ack twice", onAck((ack) => [ack, ack])],
    ["an ack of a call that a frame ended", onFrame((frame) => [{ ...frame, ended }])],
    [
      "two frames that end a call",
      onFrame((frame) => [
        { ...frame, ended },
        { ...frame, ended },
      ]),
    ],
    [
      "a longer wait than the whole took, with a frame",
      onFrame((frame) => [{ ...frame, ended: { serviceUs: 1, waitedUs: 2 } }]),
    ],
    ["an ack of a call that isn't its turn", onAck((ack) => [{ ...ack, call: ack.call + 1 }])],
    ["a refusal of a call that never was", onAck((ack) => [{ ...ack, call: 99, refused: busy }])],
    ["a refusal of a call that it has results of", onAck((ack) => [{ ...ack, refused: busy }])],
    ["a frame of another stage's node", onFrame((frame) => [{ ...frame, node: "other" }])],
    ["a frame of an output that nobody wants", onFrame((frame) => [{ ...frame, port: "secret" }])],
    ["more frames than a call may give", onFrame((frame) => Array(12).fill(frame))],
    ["more bytes than a call may give", onFrame((frame) => [{ ...frame, data: new Uint8Array(5000) }])],
    [
      "a failure of another stage's node",
      onAck((ack) => [{ ...ack, failures: [{ ...failure, node: "x" }] }]),
    ],
    ["a longer wait than the whole took", onAck((ack) => [{ ...ack, serviceUs: 1, waitedUs: 2 }])],
  ])("%s", async (_, lie) => {
    const scene = new LaneScene({ maxFramesOut: 10, maxOutputBytes: 4096 });
    await scene.open();
    const session = await connected(scene);
    scene.peer.lie = lie;
    scene.send(2);
    await scene.timers.advance(100);
    expect(scene.ended).toMatchObject({ code: "peer-invalid" });
    expect(session.isOpen).toBe(false);
    expect(scene.answered.length).toBeLessThan(2);
  });

  it("results beyond the credit that it has", async () => {
    const scene = new LaneScene({ maxFramesOut: 5000 });
    await scene.open();
    // 1024 frames are granted beforehand, and the quarter that fell due while none of them was released.
    scene.peer.ignoresCredit = true;
    scene.peer.lie = onFrame((frame) => Array(1500).fill(frame));
    scene.send(1);
    await scene.timers.advance(100);
    expect(scene.ended).toMatchObject({ code: "peer-invalid", message: expect.stringContaining("credit") });
  });
});

describe("A lane", () => {
  it("takes a call's end with its last frame", async () => {
    const scene = new LaneScene();
    await scene.open();
    scene.peer.lie = (message) => {
      if (message.type === "frame") return [{ ...message, ended }];
      return message.type === "ack" ? [] : [message];
    };
    scene.send(3);
    await scene.timers.advance(100);
    expect(scene.answered).toHaveLength(3);
    expect(scene.answered[0]).toMatchObject({ ...ended, failures: [] });
  });

  it("answers nothing once it has told its end, also where the frame that ends a call asks for credit", async () => {
    const scene = new LaneScene({ maxFramesOut: 5000 });
    const session = await connected(scene);
    const openChannel = vi.spyOn(session, "openStageChannel");
    await scene.open();
    const channel = openChannel.mock.results[0]!.value as Channel;
    scene.isNeeded = true;
    // The last of them takes what was left of the credit.
    scene.peer.lie = onFrame((frame) => [...Array(1023).fill(frame), { ...frame, ended }]);
    scene.send(1);
    channel.send = () => {
      throw new RemoteMediaError("peer-lost", "the channel has just gone");
    };
    await scene.timers.advance(100);
    expect(scene.told).toEqual(["answered", "ended"]);
  });

  it("passes on failures of the stage's own nodes, with the type that we know", async () => {
    const scene = new LaneScene();
    await scene.open();
    scene.peer.lie = onAck((ack) => [{ ...ack, failures: [failure] }]);
    scene.send(1);
    await scene.timers.advance(100);
    expect(scene.answered.map(({ failures }) => failures)).toEqual([[{ ...failure, nodeType: "Simulated" }]]);
  });

  it("takes no more calls than the peer's window and credit allow", async () => {
    const scene = new LaneScene();
    await scene.open();
    const call = { number: 1000, frame: numberedFrame(1) };
    scene.send(15);
    expect(scene.lane.canTake(call)).toBe(true);
    scene.send(1);
    expect(scene.lane.canTake(call)).toBe(false);
    await scene.timers.advance(200);
    expect(scene.lane.canTake(call)).toBe(true);
    scene.send(1, 9_000_000);
    expect(scene.lane.canTake(call)).toBe(false);
    expect(scene.lane.canTake({ number: 1001, frame: undefined })).toBe(false);
    await scene.timers.advance(200);
    expect(scene.lane.canTake(call)).toBe(true);
  });

  it("keeps no more than some pieces of a large frame in the channel's buffer", async () => {
    const scene = new LaneScene();
    await scene.open();
    scene.send(1, 30_000_000);
    expect(scene.peer.bufferedBytes()).toBeLessThan(5 * 1024 * 1024);
    await scene.timers.advance(500);
    expect(scene.answered).toHaveLength(1);
  });

  it("doesn't open when the peer says nothing, and has forgotten it when it speaks", async () => {
    const scene = new LaneScene();
    scene.peer.stall();
    const opening = scene.lane.open();
    opening.catch(() => {});
    await scene.timers.advance(10_100);
    await expect(opening).rejects.toMatchObject({ code: "peer-unreachable" });
    scene.peer.heal();
    await scene.timers.advance(100);
    expect(scene.ended).toBeUndefined();
    expect(scene.lane.canTake({ number: 1, frame: undefined })).toBe(false);
  });

  it("doesn't open when there is no session in time", async () => {
    const scene = new LaneScene();
    scene.peer.connect = () => new Promise(() => {});
    const opening = scene.lane.open();
    opening.catch(() => {});
    await scene.timers.advance(10_001);
    await expect(opening).rejects.toMatchObject({ code: "peer-unreachable" });
  });

  it("counts silence only while it has calls", async () => {
    const scene = new LaneScene();
    await scene.open();
    await scene.timers.advance(5000);
    expect(scene.lane.quietMs()).toBe(0);
    scene.peer.stall();
    scene.send(1);
    await scene.timers.advance(400);
    expect(scene.lane.quietMs()).toBeGreaterThan(390);
  });

  it("tells the peer when it is closed, and tells its caller nothing", async () => {
    const scene = new LaneScene();
    await scene.open();
    scene.send(3);
    await scene.lane.close();
    await scene.timers.advance(100);
    expect([scene.ended, scene.answered]).toEqual([undefined, []]);
    expect(scene.timers.pending).toBe(0);
  });
});

function frameOf(call: number): StageMessage {
  const payload = { kind: "bytes" } as const;
  return { type: "frame", call, node: "node", port: "out", pts: 0, payload, data: new Uint8Array(1) };
}

async function connected(scene: LaneScene) {
  const connecting = scene.peer.connect();
  await scene.timers.advance(5);
  return connecting;
}
