// The network of fake links loses, delays and stops as a real one does, and does the same for the same seed.
import { describe, expect, test } from "vitest";
import type { Channel, Link, LinkEnd, LinkMaker, LinkSignal } from "../../../platform/contract/link.ts";
import { type FakeLinks, type FakeLinksOptions, openFakeLinks } from "../../../platform/fake/fake-links.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";

interface Stand {
  readonly timers: FakeTimers;
  readonly net: FakeLinks;
  readonly offerer: Link;
  readonly answerer: Link;
  readonly channel: Channel;
  readonly received: number[];
  readonly ends: string[];
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function network(options: Partial<FakeLinksOptions> = {}, seed = 1) {
  const timers = new FakeTimers();
  return { timers, net: openFakeLinks(timers, { random: seeded(seed), delayMs: 10, ...options }) };
}

function pair(
  a: LinkMaker,
  b: LinkMaker,
  change: (signal: LinkSignal) => LinkSignal = (signal) => signal,
): { offerer: Link; answerer: Link } {
  const answerer: Link = b.makeLink({ role: "answerer", signal: (signal) => offerer.accept(change(signal)) });
  const offerer: Link = a.makeLink({ role: "offerer", signal: (signal) => answerer.accept(signal) });
  return { offerer, answerer };
}

/** Two connected processes `a` and `b`; each message's first byte is noted. */
async function connected(options: Partial<FakeLinksOptions> = {}, seed = 1): Promise<Stand> {
  const { timers, net } = network(options, seed);
  const { offerer, answerer } = pair(net.maker("a"), net.maker("b"));
  const channel = offerer.openChannel({ label: "control" });
  const received: number[] = [];
  const ends: string[] = [];
  answerer.onChannel((other) => other.onMessage((bytes) => received.push(bytes[0] as number)));
  for (const [name, link] of Object.entries({ a: offerer, b: answerer })) {
    link.onEnd((end: LinkEnd) => ends.push(`${name}:${end}@${Math.round(timers.monotonicMs())}`));
  }
  expect(await timers.advanceUntil(() => channel.state === "open", 5000)).toBe(true);
  return { timers, net, offerer, answerer, channel, received, ends };
}

const message = (first: number, bytes = 1) => new Uint8Array(bytes).fill(first);
const upTo = (count: number) => Array.from({ length: count }, (_, place) => place);

describe("the fake network", () => {
  test("keeps the order of a channel however the pieces' delays differ and are lost", async () => {
    const { timers, channel, received } = await connected({ jitterMs: 80, loss: 0.3 });
    for (const number of upTo(200)) channel.send(message(number));
    await timers.advance(20_000);
    expect(received).toEqual(upTo(200));
  });

  test("does the same for the same seed, and something else for another", async () => {
    const run = async (seed: number) => {
      const { timers, channel, answerer } = await connected({ jitterMs: 50, loss: 0.2 }, seed);
      const times: number[] = [];
      for (const number of upTo(20)) channel.send(message(number));
      for (let turn = 0; turn < 100; turn += 1) {
        await timers.advance(10);
        times.push(answerer.statistics().bytesReceived);
      }
      return times;
    };
    expect(await run(7)).toEqual(await run(7));
    expect(await run(7)).not.toEqual(await run(8));
  });

  test("sends again after a cut what the cut has lost, once and in order", async () => {
    const { timers, net, channel, received, ends } = await connected();
    for (const number of upTo(5)) channel.send(message(number));
    await timers.advance(5);
    net.cut("a", "b");
    for (const number of upTo(5)) channel.send(message(5 + number));
    await timers.advance(3000);
    expect(received).toEqual([]);
    net.heal("b", "a");
    channel.send(message(10));
    await timers.advance(1000);
    expect(received).toEqual(upTo(11));
    await timers.advance(60_000);
    expect(ends).toEqual([]);
  });

  test("ends a link as failed after a while of silence, on both sides of a cut", async () => {
    const { timers, net, ends } = await connected({ failAfterMs: 8000 });
    const cutMs = timers.monotonicMs();
    net.cut("a", "b");
    await timers.advance(7999);
    expect(ends).toEqual([]);
    await timers.advance(10);
    expect(ends.sort()).toEqual([`a:failed@${cutMs + 8000}`, `b:failed@${cutMs + 8000}`]);
    expect(net.openLinks).toBe(0);
  });

  test("never ends a link when it is told so, as happens with real ones", async () => {
    const { timers, net, ends } = await connected({ failAfterMs: Number.POSITIVE_INFINITY });
    net.kill("b");
    await timers.advance(10_000_000);
    expect(ends).toEqual([]);
  });

  test("stops a process without telling, keeps what comes for it, and gives it when it goes on", async () => {
    const { timers, net, channel, received } = await connected({ failAfterMs: 5000 });
    let ticks = 0;
    net.timers("b").after(100, () => {
      ticks += 1;
    });
    net.stall("b");
    for (const number of upTo(3)) channel.send(message(number));
    await timers.advance(2000);
    expect([received, ticks]).toEqual([[], 0]);
    net.resume("b");
    await timers.advance(10);
    expect([received, ticks]).toEqual([upTo(3), 1]);
    expect(channel.state).toBe("open");
  });

  test("lets a killed process vanish: its timers and listeners are silent, the other end fails, a new one of its name connects", async () => {
    const { timers, net, ends, received, channel } = await connected({ failAfterMs: 5000 });
    net.timers("b").after(10, () => received.push(99));
    net.kill("b");
    channel.send(message(1));
    await timers.advance(6000);
    expect(received).toEqual([]);
    expect(ends.map((end) => end.split("@")[0])).toEqual(["a:failed"]);
    const { offerer } = pair(net.maker("a"), net.maker("b"));
    offerer.openChannel({ label: "control" });
    await timers.advance(1000);
    expect(offerer.state).toBe("connected");
  });

  test("fills the sender's buffer behind a stalled process, tells when it is low again, and bounds what is under way", async () => {
    const { timers, net, channel, received } = await connected();
    let lows = 0;
    channel.onLow(() => {
      lows += 1;
    });
    net.stall("b");
    for (const number of upTo(80)) channel.send(message(number, 65_536));
    await timers.advance(1000);
    expect(channel.bufferedBytes).toBeGreaterThan(60 * 65_536);
    expect(lows).toBe(0);
    net.resume("b");
    await timers.advance(1000);
    expect([channel.bufferedBytes, lows]).toEqual([0, 1]);
    expect(received).toEqual(upTo(80));
  });

  test("drains as fast as the way between two processes carries", async () => {
    const { timers, net, channel, received } = await connected();
    net.shape("b", "a", { bytesPerSecond: 1_000_000 });
    for (const number of upTo(20)) channel.send(message(number, 50_000));
    await timers.advance(500);
    expect(received.length).toBeGreaterThanOrEqual(9);
    expect(received.length).toBeLessThanOrEqual(10);
    await timers.advance(600);
    expect(received.length).toBe(20);
  });

  test("tells the other end of a close, and drops what hadn't left", async () => {
    const { timers, offerer, channel, received, ends } = await connected({ bytesPerSecond: 1000 });
    for (const number of upTo(10)) channel.send(message(number, 500));
    await timers.advance(10);
    offerer.close();
    expect(() => channel.send(message(0))).toThrow(expect.objectContaining({ code: "peer-lost" }));
    await timers.advance(1000);
    expect(ends.map((end) => end.split("@")[0])).toEqual(["a:local", "b:remote"]);
    expect(received.length).toBeLessThan(3);
  });

  test("loses the word of a close when the way is cut, so that the other end only fails later", async () => {
    const { timers, net, offerer, ends } = await connected({ failAfterMs: 4000 });
    net.cut("a", "b");
    offerer.close();
    await timers.advance(3000);
    expect(ends.map((end) => end.split("@")[0])).toEqual(["a:local"]);
    net.heal("a", "b");
    await timers.advance(5000);
    expect(ends.map((end) => end.split("@")[0])).toEqual(["a:local", "b:failed"]);
  });

  test("connects when a cut heals, and fails when it doesn't", async () => {
    const { timers, net } = network({ failAfterMs: 10_000 });
    net.cut("a", "b");
    const first = pair(net.maker("a"), net.maker("b"));
    first.offerer.openChannel({ label: "control" });
    await timers.advance(5000);
    expect(first.offerer.state).toBe("connecting");
    net.heal("a", "b");
    await timers.advance(1000);
    expect([first.offerer.state, first.answerer.state]).toEqual(["connected", "connected"]);
    net.cut("a", "b");
    const second = pair(net.maker("a"), net.maker("b"));
    second.offerer.openChannel({ label: "control" });
    await timers.advance(10_100);
    expect(second.offerer.state).toBe("closed");
  });

  test("breaks a connection when the certificate isn't the one that the description names", async () => {
    const { timers, net } = network();
    const forged = (signal: LinkSignal): LinkSignal =>
      signal.kind === "candidate"
        ? signal
        : { ...signal, sdp: signal.sdp.replace(/sha-256 ../, "sha-256 00") };
    const { offerer, answerer } = pair(net.maker("a"), net.maker("b"), forged);
    offerer.openChannel({ label: "control" });
    const ends: LinkEnd[] = [];
    offerer.onEnd((end) => ends.push(end));
    answerer.onEnd((end) => ends.push(end));
    await timers.advance(1000);
    expect(ends).toEqual(["failed", "failed"]);
  });

  test("closes a channel at the other end even when that was closed before it opened", async () => {
    for (const seed of upTo(20)) {
      const { timers, offerer, answerer } = await connected({ jitterMs: 100 }, seed + 1);
      const seen: string[] = [];
      answerer.onChannel((channel) => channel.onClose(() => seen.push(channel.label)));
      offerer.openChannel({ label: "short" }).close();
      await timers.advance(1000);
      expect(seen.filter((label) => label === "short").length).toBeLessThanOrEqual(1);
      const long = offerer.openChannel({ label: "long" });
      await timers.advance(30);
      long.close();
      await timers.advance(1000);
      expect(seen).toContain("long");
    }
  });

  test("loses a late message of an unordered channel, and only those", async () => {
    const { timers, offerer, answerer } = await connected({ loss: 0.5 });
    const seen: number[] = [];
    answerer.onChannel((channel) => channel.onMessage((bytes) => seen.push(bytes[0] as number)));
    const channel = offerer.openChannel({ label: "video", ordered: false, lifetimeMs: 0 });
    await timers.advanceUntil(() => channel.state === "open");
    for (const number of upTo(100)) channel.send(message(number));
    await timers.advance(5000);
    expect(seen.length).toBeGreaterThan(25);
    expect(seen.length).toBeLessThan(75);
    expect(channel.bufferedBytes).toBe(0);
  });

  test("closes the link, and nothing else, when a listener throws", async () => {
    const { timers, channel, answerer, ends } = await connected();
    answerer.onChannel(() => {
      throw new Error("a listener's own mistake");
    });
    await timers.advance(1);
    channel.send(message(1));
    await timers.advance(100);
    expect(answerer.state).toBe("connected");
    answerer.onConnected(() => {
      throw new Error("a listener's own mistake");
    });
    await timers.advance(100);
    expect(ends.map((end) => end.split("@")[0])).toEqual(["b:failed", "a:remote"]);
  });

  test("runs hundreds of small schedules in a blink", async () => {
    const startedMs = performance.now();
    for (const seed of upTo(300)) {
      const { timers, channel, received, net } = await connected({ jitterMs: 20 }, seed + 1);
      for (const number of upTo(30)) channel.send(message(number));
      await timers.advance(15);
      net.cut("a", "b");
      await timers.advance(100);
      net.heal("a", "b");
      await timers.advance(2000);
      expect(received).toEqual(upTo(30));
    }
    // About 0.1 s; the limit only catches a network that has become slow by orders of magnitude.
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});
