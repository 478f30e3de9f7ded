// `remotemedia agent` as a service manager and an operator have it: up, asked, told to end; and its file.
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openListener } from "../support/datagram-listener.ts";
import { type RunningProgram, Scratch, type StartOptions } from "./program.ts";

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => {
  expect(scratch.leftovers()).toEqual([]);
  scratch[Symbol.dispose]();
});

/** Reaches nobody, so that a test machine's network isn't told of it. */
async function startAgent(words: readonly string[] = [], more: StartOptions = {}): Promise<RunningProgram> {
  writeFileSync(scratch.file("agent.json"), '{ "name": "kitchen", "listen": false, "discovery": false, }');
  const agent = scratch.start(["agent", "--config", scratch.file("agent.json"), ...words], "", more);
  await agent.told("is up");
  return agent;
}

describe("an agent", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("is up, is asked, and ends in order by %s", async (signal) => {
    const agent = await startAgent();
    const { exitCode, stdout } = await scratch.run(["status", "--json"]);
    expect(exitCode).toBe(0);
    const status = JSON.parse(stdout);
    expect(status).toMatchObject({ name: "kitchen", pid: agent.process.pid, state: "running", listen: null });
    const { device } = JSON.parse((await scratch.run(["mesh", "show", "--json"])).stdout);
    expect(status.device).toBe(device);
    expect((await scratch.run(["peers"])).exitCode).toBe(0);
    expect((await scratch.run(["top"])).exitCode).toBe(0);
    agent.process.kill(signal);
    expect(await agent.ended).toMatchObject({ exitCode: 0, stdout: "" });
    expect((await scratch.run(["status"])).exitCode).toBe(4);
  });

  test("is the only one of its home, and the next one comes after a kill", async () => {
    const agent = await startAgent();
    const second = await scratch.run(["agent"]);
    expect(second).toMatchObject({ exitCode: 2, stdout: "" });
    expect(second.stderr).toContain("an agent runs here already [agent-running]");
    agent.process.kill("SIGKILL");
    await agent.ended;
    const next = await startAgent();
    expect((await scratch.run(["status"])).exitCode).toBe(0);
    next.process.kill("SIGTERM");
    expect((await next.ended).exitCode).toBe(0);
  });

  test("speaks JSON, a line each, with --json", async () => {
    writeFileSync(scratch.file("agent.json"), '{ "listen": false, "discovery": false }');
    const agent = scratch.start(["agent", "--json", "--config", scratch.file("agent.json")]);
    await agent.told('"ready"');
    agent.process.kill("SIGTERM");
    const { exitCode, stderr } = await agent.ended;
    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(exitCode).toBe(0);
    expect(lines.find((line) => "ready" in line).ready.state).toBe("running");
  });

  test("tells a service manager that it is up, and that it ends", async () => {
    const socket = `@remotemedia-agent-${process.pid}`;
    await using listener = await openListener(socket);
    const environment = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "60000000" };
    const agent = await startAgent([], { environment });
    const heard: string[] = [];
    while (heard.at(-1)?.startsWith("STATUS=") !== true) heard.push(await listener.next());
    expect(heard.slice(0, 2)).toEqual(["READY=1", "WATCHDOG=1"]);
    agent.process.kill("SIGTERM");
    expect(await listener.next()).toMatch(/^STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000$/);
    expect((await agent.ended).exitCode).toBe(0);
  });
});

describe("the agent's file", () => {
  test.each([
    [
      '{\n  "discvery": false\n}',
      /discvery is no setting[\s\S]*agent\.json:2:3 discvery\n {3}do: did you mean discovery\?/,
    ],
    ['{ "listen": { "port": "x" } }', /listen\.port must be a number[\s\S]*agent\.json:1:23 listen\.port/],
    [
      '{ "capabilities": { "memory_gib": 3 } }',
      /capabilities\.memory_gib can't be stated[\s\S]*did you mean memory_gb\?/,
    ],
    ["{", /expected "}" \[config-invalid\]/],
  ])("%s is refused with its place", async (text, said) => {
    writeFileSync(scratch.file("agent.json"), text);
    const { exitCode, stdout, stderr } = await scratch.run(["agent", "--config", scratch.file("agent.json")]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(said);
  });

  test("that is named must be there; that of the home needn't", async () => {
    const { exitCode, stderr } = await scratch.run(["agent", "--config", scratch.file("none.json")]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("can't be read");
  });

  test("is printed as a sample that the agent takes, and as what holds now", async () => {
    const sample = await scratch.run(["agent", "--print-config"]);
    expect(sample).toMatchObject({ exitCode: 0, stderr: "" });
    writeFileSync(scratch.file("agent.json"), sample.stdout);
    const words = ["agent", "--print-config", "--json"];
    const settings = JSON.parse(
      (await scratch.run([...words, "--config", scratch.file("agent.json")])).stdout,
    );
    expect(settings).toEqual(JSON.parse((await scratch.run(words)).stdout));
    expect(settings.listen).toEqual({ host: "0.0.0.0", port: 7400 });
  });
});
