// The namespaces' network is as slow, lossy and cut as it is told, carries what a peer sends, and leaves nothing behind.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { type Namespaces, openNamespaces, whyNoNamespaces } from "./network-namespaces.ts";

// Reason of a skip: namespaces need root, iproute2 and /dev/net/tun.
const isPossible = whyNoNamespaces() === undefined;

/** Sends every datagram back. */
const echo = `
const socket = await Bun.udpSocket({ hostname: "0.0.0.0", port: 7000, socket: { data: (s, bytes, port, from) => { s.send(bytes, port, from); } } });
console.log("ready");`;

/** Sends \`count\` numbered datagrams of \`size\` bytes, one each \`gapMs\`; prints how many came back and the median of their times. */
const ask = `
const [to, count, size, gapMs] = process.argv.slice(1).map((each, place) => place === 0 ? each : Number(each));
const sent = []; const times = [];
const socket = await Bun.udpSocket({ socket: { data: (s, bytes) => { times.push(performance.now() - sent[new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)]); } } });
for (let number = 0; number < count; number += 1) {
  const bytes = new Uint8Array(size); new DataView(bytes.buffer).setUint32(0, number);
  sent.push(performance.now()); socket.send(bytes, 7000, to);
  if (gapMs > 0 || number % 32 === 31) await Bun.sleep(Math.max(gapMs, 1));
}
await Bun.sleep(300);
times.sort((a, b) => a - b);
console.log(JSON.stringify({ came: times.length, p50: times[times.length >> 1] ?? null }));
process.exit(0);`;

/** What a child says first. */
function firstOutput(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.stdout?.on("data", (bytes: Buffer) => resolve(bytes.toString())));
}

async function startEcho(net: Namespaces, name: string): Promise<ChildProcess> {
  const child = net.inNamespace(name, [process.execPath, "-e", echo]);
  await firstOutput(child);
  return child;
}

async function askFrom(
  net: Namespaces,
  name: string,
  ...args: (string | number)[]
): Promise<{ came: number; p50: number | null }> {
  const child = net.inNamespace(name, [process.execPath, "-e", ask, ...args.map(String)]);
  return JSON.parse(await firstOutput(child));
}

test.runIf(isPossible)(
  "packets take the delay each way, are lost by the share, and a cut stops them until it heals",
  async () => {
    await using net = await openNamespaces({ names: ["a", "b", "c"], delayMs: 15, loss: 0.1, seed: 5 });
    await startEcho(net, "b");
    const asked = await askFrom(net, "a", net.address("b"), 300, 200, 1);
    // Both ways lose a tenth: 81 % come back; of 300 that is 243, give or take 7 (one sigma).
    expect(asked.came).toBeGreaterThan(210);
    expect(asked.came).toBeLessThan(276);
    expect(asked.p50).toBeGreaterThanOrEqual(30);
    await net.cut("b", "a");
    expect((await askFrom(net, "a", net.address("b"), 10, 100, 1)).came).toBe(0);
    await net.shape("c", "b", { delayMs: 0, loss: 0 });
    expect((await askFrom(net, "c", net.address("b"), 10, 100, 1)).came).toBe(10);
    await net.heal("b", "a");
    await net.shape("a", "b", { delayMs: 1, loss: 0 });
    expect((await askFrom(net, "a", net.address("b"), 10, 100, 1)).came).toBe(10);
  },
);

test.runIf(isPossible)("the bridge carries several megabytes a second", async () => {
  await using net = await openNamespaces({ names: ["a", "b"] });
  await startEcho(net, "b");
  const startedMs = performance.now();
  const { came } = await askFrom(net, "a", net.address("b"), 10_000, 1200, 0);
  const seconds = (performance.now() - startedMs) / 1000;
  expect(came).toBeGreaterThan(9500);
  // 12 MB there and 12 MB back, with the start of a process and 0.3 s of waiting in it.
  expect((came * 1200) / seconds).toBeGreaterThan(3_000_000);
});

test.runIf(isPossible)("an address that swallows is sent to and never answers", async () => {
  await using net = await openNamespaces({ names: ["a", "b"] });
  net.blackhole("a", "192.0.2.7");
  expect(await askFrom(net, "a", "192.0.2.7", 3, 100, 1)).toEqual({ came: 0, p50: null });
});

test.runIf(isPossible)("what a killed test leaves behind is taken away by the next", async () => {
  const program = `
    import { openNamespaces } from ${JSON.stringify(new URL("network-namespaces.ts", import.meta.url).pathname)};
    const net = await openNamespaces({ names: ["left"] });
    net.inNamespace("left", ["sleep", "1000"]);
    console.log("ready");
    await new Promise(() => setInterval(() => undefined, 1000));`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  await firstOutput(child);
  child.kill("SIGKILL");
  await once(child, "exit");
  const list = () => spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout;
  expect(list()).toContain(`-${child.pid}-`);
  await using _ = await openNamespaces({ names: ["a"] });
  expect(list()).not.toContain(`-${child.pid}-`);
});

test.runIf(isPossible)("nothing is left after the end", async () => {
  const net = await openNamespaces({ names: ["a"] });
  const sleeper = net.inNamespace("a", ["sleep", "1000"]);
  const ended = once(sleeper, "exit");
  await net[Symbol.asyncDispose]();
  expect((await ended)[1]).toBe("SIGKILL");
  expect(spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout).not.toContain(`-${process.pid}-`);
});
