// `status`, `peers` and `top` as users see them, asking an agent whose documents are known.
import { mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ControlServer, openControlServer } from "../../agent/web/control-server.ts";
import { fakeView, peers, status, top } from "../agent/web/fake-view.ts";
import { Scratch } from "./program.ts";

let scratch: Scratch;
let server: ControlServer | undefined;
beforeEach(async () => {
  scratch = new Scratch();
  mkdirSync(scratch.file("home"));
});
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
  expect(scratch.leftovers()).toEqual([]);
  scratch[Symbol.dispose]();
});

async function serve(view = fakeView(), path = scratch.file("home/agent.sock")): Promise<void> {
  server = await openControlServer({ path, view });
}

describe("with an agent", () => {
  test("status tells what it is and why each node runs where", async () => {
    await serve();
    const { exitCode, stdout, stderr } = await scratch.run(["status"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.split("\n")).toEqual([
      "kitchen  abcdefghijklmnopqrstuvwxyz",
      "  running for 1:02:05, version 0.1.0, process 4711",
      "  mesh home as kitchen (capture, execute) until 2027-01-01",
      "  listens on 0.0.0.0 port 7400, mDNS, 1 session with peers",
      "  broker mqtt://broker.example:1883 not connected: the connection was refused",
      "",
      "pipeline door  running since 2026-01-01 00:00:05, 2 restarts",
      "  /srv/door.rmpkg",
      "  last failure: there is no camera [device-missing]",
      "  node     place             score  why",
      "  denoise  garden   chosen    4.20  4.2 ms a frame",
      "           kitchen  refused         has no gpu",
      "",
      "stages for others",
      "  stage  for     nodes    frames",
      "      3  garden  denoise     900",
      "",
      "since the start",
      "  signals dropped 3",
      "  signals sent 12",
      "",
    ]);
  });

  test("peers tells who is there and what they can do", async () => {
    await serve();
    const { exitCode, stdout } = await scratch.run(["peers"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^garden +open +1\.20 ms +25 % +1 +execute +4 cores, cuda 8 GiB +ws:\/\/10\.0\.0\.7:7400, mqtt +z/m,
    );
    expect(stdout).toMatch(/^attic +barred: its membership has expired +view/m);
  });

  test("top prints once where nobody watches", async () => {
    await serve();
    const { exitCode, stdout } = await scratch.run(["top"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^01:02:05 {2}1 pipeline, 1 stage for others$/m);
    expect(stdout).toMatch(/^ +denoise +PictureDenoise +garden +30\.0 +4\.20 +9\.10 +2 +0$/m);
    expect(stdout).toMatch(/^ +kitchen → garden +p50 1\.10 ms, p95 2\.20 ms$/m);
  });

  test("--json gives the documents as they are", async () => {
    await serve();
    expect(JSON.parse((await scratch.run(["status", "--json"])).stdout)).toEqual(status);
    expect(JSON.parse((await scratch.run(["peers", "--json"])).stdout)).toEqual(peers);
  });

  test("top --json gives a document a line, until it is interrupted", async () => {
    await serve();
    const running = scratch.start(["top", "--json"]);
    await running.printed("\n");
    running.process.kill("SIGINT");
    const { exitCode, stdout, stderr } = await running.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(stdout.split("\n")[0]!)).toEqual(top);
  });

  test("top --json ends when its reader has seen enough, and when the agent ends", async () => {
    await serve();
    const { exitCode, stdout } = await scratch.shell("set -o pipefail; remotemedia top --json | head -n 1");
    expect({ exitCode, lines: stdout.trim().split("\n").length }).toEqual({ exitCode: 0, lines: 1 });
    const running = scratch.start(["top", "--json"]);
    await running.printed("\n");
    await server?.[Symbol.asyncDispose]();
    server = undefined;
    expect([0, 4]).toContain((await running.ended).exitCode);
  });

  test("the socket is the one that the agent's file names", async () => {
    writeFileSync(scratch.file("agent.json"), '{ "control_socket": "other.sock" } // beside it');
    await serve(fakeView(), scratch.file("other.sock"));
    const config = ["--config", scratch.file("agent.json")];
    expect((await scratch.run(["status", ...config])).exitCode).toBe(0);
    expect((await scratch.run(["status"])).exitCode).toBe(4);
  });
});

describe("without an agent", () => {
  test.each(["status", "peers", "top"])("%s says so, with exit 4", async (command) => {
    const { exitCode, stdout, stderr } = await scratch.run([command]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toMatch(
      /^error: no agent answers here \[agent-absent\]\n.*\n {3}do: start one: remotemedia agent/,
    );
  });

  test("with --json as JSON", async () => {
    const { exitCode, stderr } = await scratch.run(["top", "--json"]);
    expect(exitCode).toBe(4);
    expect(JSON.parse(stderr).error.code).toBe("agent-absent");
  });
});
