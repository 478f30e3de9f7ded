// StageServer, one lie and one limit at a time.
import { describe, expect, test } from "vitest";
import type { StageControl } from "../../../agent/protocol/peer-session.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { type HandSession, openOf, openServing } from "./serving-scene.ts";

type Scene = ReturnType<typeof openServing>;

async function openStage(scene: Scene, stage = 1, changes: Parameters<typeof openOf>[1] = {}) {
  const channel = scene.session.channel(stage);
  scene.session.hear(openOf(stage, changes));
  await scene.settle();
  return channel;
}

function answersTo(stage: number, said: readonly StageControl[]) {
  return said.flatMap((message) =>
    "stage" in message && message.stage === stage
      ? [message.type === "error" ? message.error.code : message.type]
      : [],
  );
}

describe("a stage", () => {
  test("answers each call with its wanted frames and an ack, in order, once it is ready", async () => {
    const scene = openServing();
    const channel = await openStage(scene);
    expect(answersTo(1, scene.session.said)).toEqual(["ready"]);
    for (let call = 1; call <= 10; call++) channel.sayFrame(call);
    await scene.timers.advance(200);
    expect(channel.acks.map(({ call }) => call)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(channel.frames.map(({ call, node, port }) => `${call} ${node}.${port}`)).toEqual(
      channel.acks.map(({ call }) => `${call} echo.out`),
    );
    expect(channel.acks[3]).toMatchObject({ serviceUs: 40_000, waitedUs: 0, failures: [] });
    expect(scene.runners[0]!.most).toBeLessThanOrEqual(4);
  });

  test("may have its channel before its opening, or after", async () => {
    const scene = openServing();
    scene.session.hear(openOf(5));
    await scene.settle();
    expect(scene.session.said).toEqual([]);
    scene.session.channel(5);
    await scene.settle();
    expect(answersTo(5, scene.session.said)).toEqual(["ready"]);
  });

  test("gives back the credit that calls took, and bears frames up to it", async () => {
    const scene = openServing({ serviceMs: 1 });
    const channel = await openStage(scene);
    for (let call = 1; call <= 64; call++) channel.sayFrame(call);
    await scene.timers.advance(100);
    const credits = channel.heard.flatMap((message) =>
      message.type === "credit" ? [message.credit.frames] : [],
    );
    // By the quarter: the last ones come with the next.
    const granted = credits.reduce((sum, frames) => sum + frames, 0);
    expect(granted).toBeGreaterThanOrEqual(48);
    for (let call = 65; call <= 64 + granted; call++) channel.sayFrame(call);
    await scene.timers.advance(100);
    expect(channel.acks).toHaveLength(64 + granted);
    expect(scene.session.isOpen).toBe(true);
  });

  test("sends no result beyond its caller's credit, takes no more in, and goes on when granted", async () => {
    const scene = openServing({ serviceMs: 1, copies: 8 });
    const channel = await openStage(scene, 1, { credit: { frames: 3, bytes: 1e6 } });
    const other = await openStage(scene, 2);
    for (let call = 1; call <= 64; call++) channel.sayFrame(call);
    other.sayFrame(1);
    await scene.timers.advance(1000);
    expect(channel.frames).toHaveLength(3);
    expect(other.acks).toHaveLength(1);
    channel.say({ type: "credit", credit: { frames: 10_000, bytes: 1e8 } });
    await scene.timers.advance(1000);
    expect(channel.frames).toHaveLength(64 * 8);
    expect(channel.acks).toHaveLength(64);
  });

  test("is flushed after the calls before it", async () => {
    const scene = openServing();
    const channel = await openStage(scene);
    channel.sayFrame(1);
    channel.sayFrame(2);
    channel.say({ type: "flush", call: 3 });
    await scene.timers.advance(100);
    expect(channel.acks.map(({ call }) => call)).toEqual([1, 2, 3]);
  });

  test("refuses a call that would wait longer than it may take, and does nothing of it", async () => {
    const scene = openServing({ serviceMs: 50 });
    const channel = await openStage(scene, 1, { deadlineMs: 120 });
    channel.sayFrame(1);
    await scene.timers.advance(60);
    for (let call = 2; call <= 8; call++) channel.sayFrame(call);
    await scene.timers.advance(1000);
    const refused = channel.acks.filter((ack) => ack.refused !== undefined);
    expect(refused.length).toBeGreaterThan(2);
    expect(new Set(refused.map((ack) => ack.refused?.code))).toEqual(new Set(["peer-busy"]));
    expect(channel.frames).toHaveLength(8 - refused.length);
  });

  test("closes its runner when it is closed, when its channel closes, and when its session ends", async () => {
    const scene = openServing();
    const channels = [await openStage(scene, 1), await openStage(scene, 2), await openStage(scene, 3)];
    scene.session.hear({ type: "close", stage: 1 });
    channels[1]!.close();
    await scene.settle();
    expect(scene.runners.map(({ isClosed }) => isClosed)).toEqual([true, true, false]);
    scene.session.close(new RemoteMediaError("peer-lost", "gone"));
    await scene.settle();
    expect(scene.runners.map(({ isClosed }) => isClosed)).toEqual([true, true, true]);
    expect(scene.server.openStages).toBe(0);
  });
});

describe("a call's end", () => {
  const failure = {
    node: "echo",
    nodeType: "Echo",
    code: "node-bad-input",
    message: "it hurts",
    framePts: 1,
    consecutive: 1,
  } as const;

  async function endOf(changes: Parameters<typeof openServing>[0]) {
    const scene = openServing(changes);
    const channel = await openStage(scene);
    channel.sayFrame(1);
    await scene.timers.advance(100);
    return channel.heard.flatMap((message) => {
      if (message.type === "frame") return [message.ended === undefined ? "frame" : "frame that ends it"];
      return message.type === "ack" ? [`ack with ${message.failures.length} failures`] : [];
    });
  }

  test("goes with the last of its frames", async () => {
    expect(await endOf({ copies: 3 })).toEqual(["frame", "frame", "frame that ends it"]);
  });

  test("comes by itself, with the failures, where a node failed beside what others gave", async () => {
    expect(await endOf({ copies: 2, failures: [failure] })).toEqual([
      "frame",
      "frame",
      "ack with 1 failures",
    ]);
  });

  test("comes by itself where nothing was given, failed or not", async () => {
    expect(await endOf({ copies: 0 })).toEqual(["ack with 0 failures"]);
    expect(await endOf({ copies: 0, failures: [failure] })).toEqual(["ack with 1 failures"]);
  });
});

describe("a refusal", () => {
  test("of the 65th stage comes at once, and a place is free again when one closes", async () => {
    const scene = openServing();
    for (let stage = 1; stage <= 64; stage++) await openStage(scene, stage);
    scene.session.hear(openOf(65));
    expect(answersTo(65, scene.session.said)).toEqual(["peer-busy"]);
    scene.session.hear({ type: "close", stage: 7 });
    await openStage(scene, 66);
    expect(answersTo(66, scene.session.said)).toEqual(["ready"]);
  });

  test.each([
    ["somebody who may only look", { roles: ["view"] as const }, {}, "peer-denied"],
    ["a stage that has been here", {}, { path: ["server", "caller"] }, "peer-loop"],
    ["a stage that came too far", {}, { path: ["a", "b", "c", "d", "caller"] }, "peer-loop"],
    ["what this device doesn't do", { barred: () => "it runs nothing for others" }, {}, "peer-denied"],
  ])("of %s has its code", async (_, options, open, code) => {
    const scene = openServing(options);
    await openStage(scene, 1, open);
    expect(answersTo(1, scene.session.said)).toEqual([code]);
    expect(scene.runners).toEqual([]);
    expect(scene.session.isOpen).toBe(true);
  });

  test("of what the machine can't run tells the code and a line, and no path of ours", async () => {
    const scene = openServing({
      host: {
        makeStage: async () => {
          throw new RemoteMediaError("module-invalid", "not a component", {
            where: { file: "/home/me/secret" },
          });
        },
      },
    });
    await openStage(scene, 1);
    expect(scene.session.said).toEqual([
      { type: "error", stage: 1, error: { code: "module-invalid", message: "not a component" } },
    ]);
    expect(scene.server.openStages).toBe(0);
  });

  test("of half a stage comes when the other half doesn't", async () => {
    const scene = openServing();
    scene.session.channel(1);
    scene.session.hear(openOf(2));
    await scene.timers.advance(11_000);
    expect(scene.server.openStages).toBe(0);
    expect(answersTo(2, scene.session.said)).toEqual(["peer-lost"]);
    expect(scene.runners.every(({ isClosed }) => isClosed)).toBe(true);
  });
});

describe("a lie", () => {
  test.each<[string, (scene: Scene) => Promise<void>]>([
    [
      "more frames than were granted",
      async (scene) => {
        const channel = await openStage(scene);
        for (let call = 1; call <= 70; call++) channel.sayFrame(call);
      },
    ],
    [
      "a call out of turn",
      async (scene) => {
        const channel = await openStage(scene);
        channel.sayFrame(2);
      },
    ],
    [
      "bytes that are no message",
      async (scene) => (await openStage(scene)).sayBytes(new Uint8Array([9, 9, 9])),
    ],
    [
      "results, which are ours to say",
      async (scene) =>
        (await openStage(scene)).say({ type: "ack", call: 1, failures: [], serviceUs: 1, waitedUs: 0 }),
    ],
  ])("%s ends the session", async (_, lie) => {
    const scene = openServing();
    await lie(scene);
    await scene.settle();
    expect(scene.session.ended?.code).toBe("peer-invalid");
    expect(scene.runners[0]!.isClosed).toBe(true);
  });

  test.each<[string, (session: HandSession) => void]>([
    [
      "a stage that is open already",
      (session) => {
        session.hear(openOf(1));
        session.hear(openOf(1));
      },
    ],
    ["a stage in another's name", (session) => session.hear(openOf(1, { path: ["somebody"] }))],
  ])("%s is told to the session, which ends by it", async (_, lie) => {
    const { session } = openServing();
    let thrown: unknown;
    try {
      lie(session);
    } catch (error) {
      thrown = error;
    }
    const answered = answersTo(1, session.said);
    expect(thrown instanceof RemoteMediaError ? thrown.code : answered.at(-1)).toBe("peer-invalid");
  });
});

describe("draining", () => {
  test("finishes what was begun, refuses the rest, and then says that it ends", async () => {
    const scene = openServing({ serviceMs: 20 });
    const channel = await openStage(scene);
    for (let call = 1; call <= 8; call++) channel.sayFrame(call);
    await scene.timers.advance(10);
    let isDrained = false;
    scene.server.drain().then(() => {
      isDrained = true;
    });
    scene.session.hear(openOf(2));
    expect(answersTo(2, scene.session.said)).toEqual(["peer-busy"]);
    await scene.timers.advance(500);
    const done = channel.acks.filter((ack) => ack.refused === undefined);
    expect(done).toHaveLength(4);
    expect(channel.acks.filter((ack) => ack.refused?.code === "peer-busy")).toHaveLength(4);
    expect(answersTo(1, scene.session.said)).toEqual(["ready", "peer-busy"]);
    expect(isDrained).toBe(true);
  });

  test("with nothing open is over at once", async () => {
    const { server } = openServing();
    await expect(server.drain()).resolves.toBeUndefined();
  });
});

test("a runner that can't go on ends its stage, and no other", async () => {
  const scene = openServing();
  const [one, two] = [await openStage(scene, 1), await openStage(scene, 2)];
  scene.runners[0]!.process = () => Promise.reject(new RemoteMediaError("sandbox-failed", "no child"));
  one.sayFrame(1);
  two.sayFrame(1);
  await scene.timers.advance(100);
  expect(answersTo(1, scene.session.said)).toEqual(["ready", "sandbox-failed"]);
  expect(two.acks).toHaveLength(1);
});

test("opening and closing again and again leaves nothing behind", async () => {
  const scene = openServing();
  for (let stage = 1; stage <= 500; stage++) {
    scene.session.channel(stage);
    scene.session.hear(openOf(stage));
    if (stage % 3 === 0) await scene.settle();
    scene.session.hear({ type: "close", stage });
  }
  await scene.timers.advance(20_000);
  expect(scene.server.openStages).toBe(0);
  expect(scene.runners.every(({ isClosed }) => isClosed)).toBe(true);
  expect(scene.timers.pending).toBe(0);
});
