// Links that race their tries keep the contract of links, and lose no second to a lost packet.
import { expect, test } from "vitest";
import { hedgeLinks } from "../../../agent/mesh/hedged-links.ts";
import type { Link, LinkMaker, LinkSignal } from "../../../platform/contract/link.ts";
import { openFakeLinks } from "../../../platform/fake/fake-links.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { describeLinks } from "../../conformance/link.ts";

function stand() {
  const timers = new FakeTimers();
  const net = openFakeLinks(timers, {
    random: () => 0.5,
    delayMs: 15,
    failAfterMs: Number.POSITIVE_INFINITY,
  });
  return { timers, net, near: net.maker("near"), far: net.maker("far") };
}

describeLinks("the race of tries", async () => {
  const { timers, near, far } = stand();
  const pair = { near: hedgeLinks(near, { timers, afterMs: [10, 20] }), far: hedgeLinks(far, { timers }) };
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    while (!isSettled) await timers.advance(1);
    return promise;
  };
  const close = async () => {
    await Promise.all([near.close(), far.close()]);
  };
  return { ...pair, settle, [Symbol.asyncDispose]: close };
});

/** Joins two ends, losing the signals of the first `lost` tries. */
function join(near: LinkMaker, far: LinkMaker, lost: number): { offerer: Link; answerer: Link } {
  const give = (signal: LinkSignal, to: Link) => {
    const mark =
      signal.kind === "candidate" ? /^try(\d)/.exec(signal.mid) : /remotemedia-try:(\d)/.exec(signal.sdp);
    if (Number(mark?.[1] ?? 0) >= lost) to.accept(signal);
  };
  const answerer: Link = far.makeLink({ role: "answerer", signal: (signal) => give(signal, offerer) });
  const offerer: Link = near.makeLink({ role: "offerer", signal: (signal) => give(signal, answerer) });
  return { offerer, answerer };
}

test.each([0, 1, 2])(
  "when %i tries come to nothing the next carries the link, and none is left over",
  async (lost) => {
    const { timers, net, near, far } = stand();
    const hedge = { timers, afterMs: [200, 450] };
    const { offerer, answerer } = join(hedgeLinks(near, hedge), hedgeLinks(far, hedge), lost);
    const got: number[] = [];
    answerer.onChannel((channel) => channel.onMessage((bytes) => got.push(bytes.length)));
    offerer.openChannel({ label: "control" }).send(new Uint8Array(3));
    expect(await timers.advanceUntil(() => offerer.state === "connected", 5000)).toBe(true);
    expect(timers.monotonicMs()).toBeLessThan((hedge.afterMs[lost - 1] ?? 0) + 140);
    await timers.advance(1000);
    expect(got).toEqual([3]);
    expect(net.openLinks).toBe(2);
  },
);

test("a link that connects at once tries once, also with an answerer that doesn't race", async () => {
  const { timers, near, far } = stand();
  let made = 0;
  const makeLink: LinkMaker["makeLink"] = (options) => {
    made += 1;
    return near.makeLink(options);
  };
  const { offerer } = join(hedgeLinks({ ...near, makeLink }, { timers, afterMs: [200] }), far, 0);
  offerer.openChannel({ label: "control" });
  await timers.advance(5000);
  expect([offerer.state, made]).toEqual(["connected", 1]);
});

test("an offerer that doesn't race connects with an answerer that does", async () => {
  const { timers, near, far } = stand();
  const { offerer, answerer } = join(near, hedgeLinks(far, { timers }), 0);
  offerer.openChannel({ label: "control" });
  await timers.advance(2000);
  expect([offerer.state, answerer.state]).toEqual(["connected", "connected"]);
});

test("a try beyond the last is refused", () => {
  const { timers, far } = stand();
  const link = hedgeLinks(far, { timers }).makeLink({ role: "answerer", signal: () => undefined });
  const candidate = "candidate:1 1 UDP 1 127.0.0.1 9 typ host";
  expect(() => link.accept({ kind: "candidate", candidate, mid: "try4.0" })).toThrow(
    expect.objectContaining({ code: "peer-invalid" }),
  );
});
