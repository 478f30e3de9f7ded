// Sessions over fake links: who is there is proven first, silence is death, and nothing that is said breaks anything but the session.
import { expect, test } from "vitest";
import { verifyMembership } from "../../../agent/mesh/membership.ts";
import { type MeshSession, openSession, type SessionOptions } from "../../../agent/mesh/session.ts";
import type { Hello } from "../../../agent/protocol/control-message.ts";
import { encodeControl } from "../../../agent/protocol/encode-control.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Channel, Link } from "../../../platform/contract/link.ts";
import { openFakeLinks } from "../../../platform/fake/fake-links.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { makeMember, makeRootKey, someStatement, type TestMember } from "../../support/mesh-members.ts";

const startMs = Date.UTC(2026, 5, 1);
const rootKey = makeRootKey();

function scene(grants: { expiresMs?: number; wrongFingerprint?: boolean } = {}) {
  const timers = new FakeTimers(startMs);
  const net = openFakeLinks(timers, { random: () => 0.5, delayMs: 5 });
  const issuedMs = startMs - 1000;
  const make = (name: string) =>
    makeMember(rootKey, { name, issuedMs, expiresMs: grants.expiresMs ?? startMs + 1e9 });
  const [near, far] = [make("near"), make("far")];
  const maker = (name: string, { identity }: TestMember) =>
    net.maker(name, {
      fingerprint: grants.wrongFingerprint ? Array(32).fill("AB").join(":") : identity.dtls.fingerprint,
    });
  const links: { near: Link; far: Link } = {
    far: maker("far", far).makeLink({ role: "answerer", signal: (signal) => links.near.accept(signal) }),
    near: maker("near", near).makeLink({ role: "offerer", signal: (signal) => links.far.accept(signal) }),
  };
  const begin = (side: "near" | "far", changes: Partial<SessionOptions> = {}): Promise<MeshSession> => {
    const [own, other] = side === "near" ? [near, far] : [far, near];
    const session = openSession({
      link: links[side],
      role: side === "near" ? "offerer" : "answerer",
      device: other.identity.device,
      timers: net.timers(side),
      membership: own.membership,
      agent: "test",
      statement: () => someStatement(own.identity.device),
      verify: (bytes) =>
        verifyMembership(bytes, { rootKey: rootKey.publicKey, nowMs: timers.wallMs(), buildMs: 0 }),
      ...changes,
    });
    session.catch(() => {});
    return session;
  };
  return { timers, net, near, far, links, begin };
}

async function opened(stage: ReturnType<typeof scene>) {
  const [near, far] = [stage.begin("near"), stage.begin("far")];
  await stage.timers.advance(200);
  return { near: await near, far: await far };
}

function whyOf(session: MeshSession): { code: string | undefined } {
  const why: { code: string | undefined } = { code: undefined };
  session.onEnd((error) => {
    why.code = error.code;
  });
  return why;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "it opened",
    (thrown: unknown) => (thrown instanceof RemoteMediaError ? thrown.code : String(thrown)),
  );
}

test("both ends know who the other is, and measure the way", async () => {
  const stage = scene();
  const { near, far } = await opened(stage);
  expect(near.peer).toMatchObject({ device: stage.far.identity.device, name: "far" });
  expect(far.peer).toMatchObject({ device: stage.near.identity.device, name: "near" });
  expect(near.statement.device).toBe(stage.far.identity.device);
  await stage.timers.advance(2000);
  expect(near.rttMs).toBeGreaterThanOrEqual(10);
  expect(near.rttMs).toBeLessThan(20);
  expect([near.isOpen, far.isOpen]).toEqual([true, true]);
});

test("messages arrive in order, and stage channels by their numbers", async () => {
  const stage = scene();
  const { near, far } = await opened(stage);
  const heard: number[] = [];
  far.onMessage((message) => {
    if (message.type === "close") heard.push(message.stage);
  });
  const stages: number[] = [];
  far.onStageChannel((number) => stages.push(number));
  for (const number of [3, 1, 2]) near.send({ type: "close", stage: number });
  near.openStageChannel(7);
  await stage.timers.advance(100);
  expect({ heard, stages }).toEqual({ heard: [3, 1, 2], stages: [7] });
});

test("a membership whose certificate isn't the link's is refused", async () => {
  const stage = scene({ wrongFingerprint: true });
  const [near, far] = [stage.begin("near"), stage.begin("far")];
  await stage.timers.advance(300);
  expect(await codeOf(near)).toBe("peer-denied");
  expect(await codeOf(far)).toBe("peer-denied");
});

test("the membership of another device than was called is refused", async () => {
  const stage = scene();
  const near = stage.begin("near", { device: stage.near.identity.device });
  stage.begin("far");
  await stage.timers.advance(300);
  expect(await codeOf(near)).toBe("peer-denied");
});

test("one that expires ends the session that it began", async () => {
  const stage = scene({ expiresMs: startMs + 90_000 });
  const { near } = await opened(stage);
  const why = whyOf(near);
  await stage.timers.advance(80_000);
  expect(why.code).toBeUndefined();
  await stage.timers.advance(60_000);
  expect(why.code).toMatch(/membership-expired|peer-lost/);
});

test("an end that never says hello is given up after 5 s", async () => {
  const stage = scene();
  const near = stage.begin("near");
  await stage.timers.advance(4900);
  expect(stage.links.near.state).toBe("connected");
  await stage.timers.advance(200);
  expect(await codeOf(near)).toBe("peer-unreachable");
  expect(stage.links.near.state).toBe("closed");
});

test("a second of silence is death, whichever way it came about", async () => {
  const stage = scene();
  const { near } = await opened(stage);
  const why = whyOf(near);
  await stage.timers.advance(1000);
  stage.net.stall("far");
  await stage.timers.advance(900);
  expect(why.code).toBeUndefined();
  await stage.timers.advance(400);
  expect(why.code).toBe("peer-lost");
});

test("a process that was stopped for a while doesn't take its own silence for the other's", async () => {
  const stage = scene();
  const { near } = await opened(stage);
  const why = whyOf(near);
  await stage.timers.advance(1000);
  stage.net.stall("near");
  await stage.timers.advance(700);
  stage.net.resume("near");
  await stage.timers.advance(800);
  expect(why.code).toBeUndefined();
});

/** The far end by hand: says a hello that holds, changed, and gives its control channel. */
async function byHand(stage: ReturnType<typeof scene>, change: (hello: Hello) => unknown = (hello) => hello) {
  let control: Channel | undefined;
  stage.links.far.onChannel((channel) => {
    control ??= channel;
    channel.onMessage(() => {});
  });
  const near = stage.begin("near");
  await stage.timers.advance(100);
  const hello: Hello = {
    type: "hello",
    versions: [1],
    membership: stage.far.membership,
    statement: someStatement("x"),
    agent: "by hand",
  };
  control!.send(encodeControl(change(hello) as Hello));
  return { near, control: control! };
}

test.each([
  ["a version from the future", (hello: Hello) => ({ ...hello, versions: [2, 3] }), "peer-version"],
  [
    "a statement that is none",
    (hello: Hello) => ({ ...hello, statement: { schema: 1 } }),
    "statement-invalid",
  ],
  [
    "a membership that is none",
    (hello: Hello) => ({ ...hello, membership: new Uint8Array(9) }),
    "membership-invalid",
  ],
  ["something else than a hello", () => ({ type: "ping", count: 1 }), "peer-invalid"],
])("%s is refused", async (_, change, code) => {
  const stage = scene();
  const { near } = await byHand(stage, change);
  await stage.timers.advance(200);
  expect(await codeOf(near)).toBe(code);
});

test.each([
  ["garbage", new Uint8Array([0xff, 0x00, 0x13])],
  ["nothing at all", new Uint8Array(0)],
  ["a second hello", undefined],
])("%s after the hello ends the session, and the process goes on", async (_, bytes) => {
  const stage = scene();
  let hello: Hello | undefined;
  const { near, control } = await byHand(stage, (good) => {
    hello = good;
    return good;
  });
  await stage.timers.advance(50);
  const why = whyOf(await near);
  control.send(bytes ?? encodeControl(hello!));
  await stage.timers.advance(200);
  expect(why.code).toBe("peer-invalid");
});

test("a listener that throws ends its session and nothing else", async () => {
  const stage = scene();
  const { near, far } = await opened(stage);
  far.onMessage(() => {
    throw new TypeError("a defect");
  });
  const [nearWhy, farWhy] = [whyOf(near), whyOf(far)];
  near.send({ type: "close", stage: 1 });
  await stage.timers.advance(200);
  expect(farWhy.code).toBe("peer-invalid");
  expect(nearWhy.code).toBe("peer-invalid");
});

test("who closes it says why, and the other end is told", async () => {
  const stage = scene();
  const { near, far } = await opened(stage);
  const why = whyOf(far);
  near.close(new RemoteMediaError("peer-busy", "it is ending"));
  await stage.timers.advance(200);
  expect(why.code).toBe("peer-busy");
  expect(() => near.send({ type: "close", stage: 1 })).toThrow(
    expect.objectContaining({ code: "peer-busy" }),
  );
});
