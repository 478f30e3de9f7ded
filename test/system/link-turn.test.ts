// Links through a real TURN server, coturn with time-limited credentials, between machines that don't reach each other.
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import type { IceServer } from "../../platform/contract/link.ts";
import { type Namespaces, openNamespaces, whyNoNamespaces } from "../support/network-namespaces.ts";
import { carrySignals, startPeer } from "./link-stand.ts";

// Reason of a skip: namespaces need root, iproute2 and /dev/net/tun; coturn's turnserver isn't there.
const isPossible =
  whyNoNamespaces() === undefined && spawnSync("turnserver", ["--version"]).error === undefined;
const secret = "a secret that both know";

/** `expires` in seconds since 1970. @see draft-uberti-behave-turn-rest-00, section 2.2 */
function turnServer(host: string, expires: number): IceServer {
  const username = `${expires}:kitchen`;
  const credential = createHmac("sha1", secret).update(username).digest("base64");
  return { kind: "turn", host, port: 3478, username, credential };
}

async function openRelayed() {
  const net = await openNamespaces({ names: ["a", "b", "turn"] });
  net.blackhole("a", net.address("b"));
  net.blackhole("b", net.address("a"));
  const host = net.address("turn");
  const words = ["-n", "--no-cli", "--no-tls", "--no-dtls", "--log-file=stdout", "--pidfile=/dev/null"];
  const server = net.inNamespace("turn", [
    "turnserver",
    ...words,
    ...["-L", host, "-E", host, "--use-auth-secret", `--static-auth-secret=${secret}`, "--realm=test"],
  ]);
  let said = "";
  server.stdout?.on("data", (bytes: Buffer) => {
    said += bytes.toString();
  });
  await expect
    .poll(() => said, { timeout: 10_000 })
    .toMatch(/listener opened|Relay ports initialization done/i);
  return { net, host };
}

async function begin(net: Namespaces, iceServers: readonly IceServer[]) {
  const [a, b] = await Promise.all([
    startPeer(net, "a", { iceServers }),
    startPeer(net, "b", { iceServers }),
  ]);
  carrySignals(a, b);
  b.order({ id: 1, order: "make", role: "answerer" });
  a.order({ id: 1, order: "make", role: "offerer" });
  return { a, b };
}

test.runIf(isPossible)(
  "two that don't reach each other meet through TURN, and everything comes through",
  async () => {
    const { net, host } = await openRelayed();
    await using _net = net;
    const { a } = await begin(net, [turnServer(host, Math.floor(Date.now() / 1000) + 3600)]);
    // That they connect at all is TURN's doing, as the next test shows; what the library calls the pair depends on who met whom first.
    await a.until(1, "connected");
    a.order({ id: 1, order: "send", count: 20, bytes: 16_384 });
    expect((await a.until(1, "echoed")).count).toBe(20);
  },
  60_000,
);

test.runIf(isPossible)(
  "expired credentials bring no link, and its end comes",
  async () => {
    const { net, host } = await openRelayed();
    await using _net = net;
    const { a } = await begin(net, [turnServer(host, Math.floor(Date.now() / 1000) - 3600)]);
    await a.until(1, "ended");
    expect(a.seen.some(({ event }) => event === "connected")).toBe(false);
  },
  90_000,
);
