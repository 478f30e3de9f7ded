// The broker adapter on mosquitto and on our own: one conformance, and what happens when a broker dies, refuses or shows a certificate.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connectBroker, matches } from "../../../platform/mqtt/connect-broker.ts";
import { openEmbeddedBroker } from "../../../platform/mqtt/embedded-broker.ts";
import { connected, describeBroker } from "../../conformance/broker.ts";
import { failure } from "../../support/failure.ts";
import { isMosquittoHere, openMosquitto } from "../../support/mosquitto.ts";
import { isOpensslHere, makeTestCertificate } from "../../support/test-certificate.ts";

describeBroker("the embedded broker", async () => {
  const broker = await openEmbeddedBroker({ host: "127.0.0.1", port: 0 });
  const dispose = () => broker[Symbol.asyncDispose]();
  return { url: `mqtt://127.0.0.1:${broker.port}`, [Symbol.asyncDispose]: dispose };
});

// Reason of a skip: mosquitto isn't installed (scripts/setup names it).
describe.runIf(isMosquittoHere)("with mosquitto", () => {
  describeBroker("mosquitto", () => openMosquitto());

  test("comes back after the broker was killed, and hears what it had subscribed to", async () => {
    await using broker = await openMosquitto();
    await using near = await connected(broker.url);
    const states: boolean[] = [];
    near.onState((isConnected) => states.push(isConnected));
    const got: string[] = [];
    await near.subscribe("rm/a", ({ payload }) => got.push(new TextDecoder().decode(payload)));
    await broker.kill();
    await expect.poll(() => near.isConnected).toBe(false);
    const waiting = near.publish("rm/a", new TextEncoder().encode("waited"));
    await broker.start();
    await waiting;
    await expect.poll(() => near.isConnected, { timeout: 20_000 }).toBe(true);
    await near.publish("rm/a", new TextEncoder().encode("after"));
    await expect.poll(() => got.at(-1)).toBe("after");
    expect(states).toEqual([false, true]);
  }, 40_000);

  test("a wrong password is the broker's refusal, and names the way out", async () => {
    await using broker = await openMosquitto((folder) => {
      const made = spawnSync("mosquitto_passwd", ["-b", "-c", join(folder, "passwords"), "board", "right"]);
      expect(made.status).toBe(0);
      return ["allow_anonymous false", `password_file ${join(folder, "passwords")}`];
    });
    await using near = await connectBroker({
      url: broker.url,
      clientId: "a",
      username: "board",
      password: "no",
    });
    await expect.poll(() => near.problem?.code, { timeout: 10_000 }).toBe("broker-denied");
    expect(near.problem?.hint).toContain("password");
    await using right = await connected(broker.url, { username: "board", password: "right" });
    expect(right.problem).toBeUndefined();
  });

  // Reason of a skip: no openssl to make certificates with.
  test.runIf(isOpensslHere)("TLS holds both ends to an authority", async () => {
    let files = { authorityFile: "", certificateFile: "", keyFile: "" };
    await using broker = await openMosquitto(async (folder) => {
      files = await makeTestCertificate(folder);
      const { authorityFile, certificateFile, keyFile } = files;
      const own = [`cafile ${authorityFile}`, `certfile ${certificateFile}`, `keyfile ${keyFile}`];
      return [...own, "require_certificate true", "allow_anonymous true"];
    });
    const url = broker.url.replace("mqtt:", "mqtts:");
    const [ca, cert, key] = [files.authorityFile, files.certificateFile, files.keyFile].map((file) =>
      readFileSync(file, "utf8"),
    );
    await using near = await connected(url, { ca, cert, key });
    expect(near.isConnected).toBe(true);
    await using untrusting = await connectBroker({ url, clientId: "b", cert, key });
    await expect.poll(() => untrusting.problem?.code, { timeout: 10_000 }).toBe("broker-unreachable");
    expect(untrusting.isConnected).toBe(false);
  });
});

test("a broker that is away keeps nobody, and no more than 256 messages wait for it", async () => {
  await using broker = await connectBroker({ url: "mqtt://127.0.0.1:1", clientId: "c" });
  await expect.poll(() => broker.problem?.code, { timeout: 10_000 }).toBe("broker-unreachable");
  const waiting = Array.from({ length: 256 }, () => broker.publish("a", new Uint8Array(1)).catch(() => {}));
  expect((await failure(broker.publish("a", new Uint8Array(1)))).message).toContain("too much waits");
  await broker[Symbol.asyncDispose]();
  await Promise.all(waiting);
});

test.each(["", "http://a", "mqtt://", "10.0.0.7"])("%j is no address of a broker", async (url) => {
  expect((await failure(connectBroker({ url, clientId: "d" }))).code).toBe("config-invalid");
});

test.each([
  ["a/+/c", "a/b/c", true],
  ["a/+", "a/b/c", false],
  ["a/#", "a/b/c", true],
  ["a/#", "a", true],
  ["a/b", "a/b/c", false],
])("%s fits %s: %s", (filter, topic, fits) => {
  expect(matches(filter, topic)).toBe(fits);
});
