// openMesh over fake links and ways that lose, double, delay and reorder: members find each other, once, and nobody else does.
import { expect, test } from "vitest";
import { hedgeLinks } from "../../../agent/mesh/hedged-links.ts";
import { type Mesh, openMesh } from "../../../agent/mesh/open-mesh.ts";
import type { SignalEvents, SignalRoute, SignalTransport } from "../../../agent/mesh/signal-transport.ts";
import type { PeerSession } from "../../../agent/protocol/peer-session.ts";
import type { SigningKey } from "../../../agent/trust/signing-key.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { openFakeLinks } from "../../../platform/fake/fake-links.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { makeMember, makeRootKey, someStatement } from "../../support/mesh-members.ts";

const startMs = Date.UTC(2026, 5, 1);
const rootKey = makeRootKey();

interface Post {
  /** Share of signals that are lost. */
  loss: number;
  /** Share that comes twice. */
  doubled: number;
  /** At most so late, by chance: what is sent later may come sooner. */
  lateMs: number;
}

/** A seeded chance, so that a failure can be seen again. */
function openChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function scene(post: Partial<Post> = {}, seed = 1) {
  const timers = new FakeTimers(startMs);
  const random = openChance(seed);
  const net = openFakeLinks(timers, { random, delayMs: 5 });
  const boxes = new Map<string, SignalEvents>();
  const sent: { to: string; envelope: string }[] = [];
  const { loss = 0, doubled = 0, lateMs = 2 } = post;
  const transportOf = (): SignalTransport & { route: SignalRoute } => {
    const route: SignalRoute = {
      name: "post",
      isOpen: true,
      send: (to, _method, envelope) => {
        sent.push({ to, envelope });
        for (let copies = random() < doubled ? 2 : 1; copies > 0; copies--) {
          if (random() >= loss)
            timers.after(1 + random() * lateMs, () => boxes.get(to)?.onSignal(envelope, route));
        }
      },
    };
    return {
      name: "post",
      route,
      start: () => {},
      routeTo: () => route,
      [Symbol.asyncDispose]: async () => {},
    };
  };
  let words = 0;
  const open = (
    name: string,
    root: SigningKey = rootKey,
    options: { reachesAll?: boolean; again?: ReturnType<typeof makeMember> } = {},
  ) => {
    const member =
      options.again ?? makeMember(root, { name, issuedMs: startMs - 1000, expiresMs: startMs + 1e9 });
    const { device, dtls } = member.identity;
    const transport = transportOf();
    const register = transport.start;
    const sessions: PeerSession[] = [];
    const mesh: Mesh = openMesh({
      ...member,
      rootKey: root.publicKey,
      links: hedgeLinks(net.maker(name, { fingerprint: dtls.fingerprint }), { timers: net.timers(name) }),
      transports: [
        {
          ...transport,
          start: (events) => {
            register(events);
            boxes.set(device, events);
          },
        },
      ],
      timers: net.timers(name),
      randomWord: () => {
        words += 1;
        return `word-${words}-0123456789`;
      },
      buildMs: 0,
      agent: "test",
      statement: () => someStatement(device),
      reachesAll: options.reachesAll ?? false,
    });
    mesh.onSession((session) => sessions.push(session));
    return {
      mesh,
      device,
      sessions,
      member,
      hears: (other: string) => boxes.get(device)!.onDevice(other, true),
    };
  };
  return { timers, net, open, sent, boxes };
}

async function settle<T>(timers: FakeTimers, promise: Promise<T>, limitMs = 8000): Promise<T | string> {
  let result: T | string | undefined;
  promise.then(
    (value) => {
      result = value;
    },
    (thrown: unknown) => {
      result = thrown instanceof RemoteMediaError ? thrown.code : String(thrown);
    },
  );
  await timers.advanceUntil(() => result !== undefined, limitMs);
  return result ?? "nothing came of it";
}

const open = (mesh: Mesh) => mesh.peers().filter(({ state }) => state === "open").length;

test.each([
  ["the lower id asks", 0],
  ["the higher id asks", 1],
])("two members have one session when %s", async (_, asking) => {
  const stage = scene();
  const pair = [stage.open("one"), stage.open("two")].toSorted((a, b) => (a.device < b.device ? -1 : 1));
  const [asker, other] = [pair[asking]!, pair[1 - asking]!];
  const session = await settle(stage.timers, asker.mesh.session(other.device));
  expect(session).toMatchObject({ peer: { device: other.device } });
  await stage.timers.advance(2000);
  expect([open(asker.mesh), open(other.mesh), asker.sessions.length, other.sessions.length]).toEqual([
    1, 1, 1, 1,
  ]);
  expect(await asker.mesh.session(other.device)).toBe(session);
});

test("two that ask at the same moment have one session", async () => {
  const stage = scene();
  const [one, two] = [stage.open("one"), stage.open("two")];
  const both = Promise.all([one.mesh.session(two.device), two.mesh.session(one.device)]);
  expect(await settle(stage.timers, both)).toHaveLength(2);
  await stage.timers.advance(3000);
  expect([open(one.mesh), open(two.mesh)]).toEqual([1, 1]);
  expect(one.sessions.filter(({ isOpen }) => isOpen)).toHaveLength(1);
});

test.each(Array.from({ length: 30 }, (_, seed) => seed))(
  "members connect over a way that loses 30 %%, doubles, delays and reorders (%i)",
  async (seed) => {
    const stage = scene({ loss: 0.3, doubled: 0.3, lateMs: 400 }, seed + 1);
    const [one, two] = [stage.open("one"), stage.open("two")];
    let session = await settle(stage.timers, one.mesh.session(two.device));
    // What is lost four times in a row is tried again by whoever wants it.
    for (let again = 0; again < 3 && typeof session === "string"; again++) {
      session = await settle(stage.timers, one.mesh.session(two.device));
    }
    expect(session).toMatchObject({ peer: { device: two.device } });
    await stage.timers.advance(8000);
    expect([open(one.mesh), open(two.mesh)]).toEqual([1, 1]);
  },
);

test("what was sent once and comes again later does nothing", async () => {
  const stage = scene();
  const [one, two] = [stage.open("one"), stage.open("two")];
  await settle(stage.timers, one.mesh.session(two.device));
  const recorded = [...stage.sent];
  await stage.timers.advance(120_000);
  const before = [one.sessions.length, two.sessions.length];
  const route: SignalRoute = { name: "attacker", isOpen: true, send: () => {} };
  for (const { to, envelope } of recorded) stage.boxes.get(to)?.onSignal(envelope, route);
  await stage.timers.advance(5000);
  expect([one.sessions.length, two.sessions.length]).toEqual(before);
  expect([open(one.mesh), open(two.mesh)]).toEqual([1, 1]);
});

test("a stranger of another mesh gets no session and leaves nothing behind", async () => {
  const stage = scene();
  const one = stage.open("one");
  const stranger = stage.open("stranger", makeRootKey());
  expect(await settle(stage.timers, stranger.mesh.session(one.device))).toBe("peer-unreachable");
  expect(one.mesh.peers()).toEqual([]);
  expect(one.mesh.counters()["signals_dropped_stranger"]).toBeGreaterThan(0);
});

test("nobody is asked for in vain for ever", async () => {
  const stage = scene();
  const one = stage.open("one");
  const absent = stage.open("absent");
  stage.boxes.delete(absent.device);
  expect(await settle(stage.timers, one.mesh.session(absent.device))).toBe("peer-unreachable");
  expect(stage.timers.monotonicMs()).toBeLessThan(6500);
});

test("a device that was killed and starts again takes the place of its old session", async () => {
  const stage = scene();
  const one = stage.open("one");
  const before = stage.open("two");
  const old = await settle(stage.timers, one.mesh.session(before.device));
  stage.net.kill("two");
  const after = stage.open("two", rootKey, { again: before.member });
  const session = await settle(stage.timers, after.mesh.session(one.device));
  expect(session).toMatchObject({ peer: { device: one.device } });
  await stage.timers.advance(2000);
  expect((old as PeerSession).isOpen).toBe(false);
  expect([open(one.mesh), open(after.mesh)]).toEqual([1, 1]);
});

test("whoever is heard of is reached, and again after it was lost", async () => {
  const stage = scene();
  const [one, two] = [stage.open("one", rootKey, { reachesAll: true }), stage.open("two")];
  one.hears(two.device);
  await stage.timers.advance(500);
  expect(open(one.mesh)).toBe(1);
  stage.net.cut("one", "two");
  await stage.timers.advance(2000);
  expect(open(one.mesh)).toBe(0);
  stage.net.heal("one", "two");
  await stage.timers.advance(40_000);
  expect([open(one.mesh), open(two.mesh)]).toEqual([1, 1]);
});

test("three members have a session each", async () => {
  const stage = scene({ loss: 0.1 });
  const all = ["one", "two", "three"].map((name) => stage.open(name));
  for (const from of all) {
    for (const to of all)
      if (from !== to)
        expect(await settle(stage.timers, from.mesh.session(to.device))).toMatchObject({
          peer: { device: to.device },
        });
  }
  expect(all.map(({ mesh }) => open(mesh))).toEqual([2, 2, 2]);
});

test("a closed mesh leaves nothing open and gives no more sessions", async () => {
  const stage = scene();
  const [one, two] = [stage.open("one"), stage.open("two")];
  await settle(stage.timers, one.mesh.session(two.device));
  await one.mesh[Symbol.asyncDispose]();
  await stage.timers.advance(2000);
  expect(open(two.mesh)).toBe(0);
  expect(await settle(stage.timers, one.mesh.session(two.device))).toBe("peer-unreachable");
});
