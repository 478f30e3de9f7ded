// Links between two machines, as far as they can tell: late, lossy, cut, and with a STUN server that swallows.
import { expect, test } from "vitest";
import { openNamespaces, whyNoNamespaces } from "../support/network-namespaces.ts";
import { carrySignals, connect, startPeer } from "./link-stand.ts";

// Reason of a skip: namespaces need root, iproute2 and /dev/net/tun.
const isPossible = whyNoNamespaces() === undefined;

test.runIf(isPossible)(
  "a link over a late and lossy way brings everything in order, and outlives a cut",
  async () => {
    await using net = await openNamespaces({ names: ["a", "b"], delayMs: 15, loss: 0.02, seed: 3 });
    const [a, b] = await Promise.all([startPeer(net, "a"), startPeer(net, "b")]);
    carrySignals(a, b, 15);
    await connect(a, b, 1);
    a.order({ id: 1, order: "send", count: 40, bytes: 16_384 });
    expect((await a.until(1, "echoed")).count).toBe(40);
    await net.cut("a");
    a.order({ id: 1, order: "send", count: 5, bytes: 1000 });
    await net.heal("a");
    await expect
      .poll(() => a.seen.filter(({ event }) => event === "echoed").length, { timeout: 15_000 })
      .toBeGreaterThan(1);
    expect(a.seen.filter(({ event }) => event === "wrong" || event === "ended")).toEqual([]);
  },
);

test.runIf(isPossible)(
  "a STUN server that swallows delays nothing between two that reach each other",
  async () => {
    await using net = await openNamespaces({ names: ["a", "b"] });
    const iceServers = [{ kind: "stun", host: "192.0.2.7", port: 3478 }] as const;
    for (const name of ["a", "b"]) net.blackhole(name, "192.0.2.7");
    const [a, b] = await Promise.all([
      startPeer(net, "a", { iceServers }),
      startPeer(net, "b", { iceServers }),
    ]);
    carrySignals(a, b);
    const times: number[] = [];
    for (let id = 1; id <= 9; id += 1) times.push(await connect(a, b, id));
    // About 15 ms; waiting for the server would take 5 s and more.
    expect(times.sort((x, y) => x - y)[4]).toBeLessThan(500);
  },
);
