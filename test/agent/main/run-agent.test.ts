// An agent from start to end, with an agent that does nothing: what drains it, what bounds that, and who hears of it.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "../../../agent/config/config.ts";
import { loadAgentConfig } from "../../../agent/main/load-agent-config.ts";
import { type AgentRun, runAgent } from "../../../agent/main/run-agent.ts";
import type { AgentLog, RunningAgent } from "../../../agent/main/running-agent.ts";
import { openControlClient } from "../../../agent/web/control-client.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { openListener } from "../../support/datagram-listener.ts";
import { fakeView, status } from "../web/fake-view.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "remotemedia-agent-"));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** An agent whose drain ends when the test says so, and what happened to it. */
async function stand(more: Partial<AgentRun> = {}) {
  const over = Promise.withResolvers<void>();
  const done: string[] = [];
  const agent: RunningAgent = {
    view: fakeView({ drain: () => done.push("view.drain") }),
    drained: over.promise,
    drain: () => done.push("drain"),
    close: async () => {
      done.push("close");
    },
  };
  const [drain, stop, ready] = [new AbortController(), new AbortController(), Promise.withResolvers<void>()];
  const logs: AgentLog[] = [];
  const timers = new FakeTimers();
  const run: AgentRun = {
    loaded: await loadAgentConfig(home),
    config: readConfig({ REMOTEMEDIA_HOME: home }),
    open: async () => agent,
    onLog: (line) => logs.push(line),
    onReady: () => ready.resolve(),
    drain: drain.signal,
    stop: stop.signal,
    timers,
    ...more,
  };
  return { run, agent, over, done, drain, stop, ready: ready.promise, timers, logs };
}

const socket = () => join(home, "agent.sock");

describe("an agent", () => {
  it("answers until it is drained, and is gone then", async () => {
    const { run, over, done, drain, ready } = await stand();
    const end = runAgent(run);
    await ready;
    expect(await openControlClient(socket()).status()).toEqual(status);
    drain.abort();
    await expect.poll(() => done).toEqual(["drain"]);
    over.resolve();
    expect(await end).toBe("drained");
    expect(done).toEqual(["drain", "close"]);
    expect(existsSync(socket())).toBe(false);
  });

  it("is drained by whoever asks at its socket", async () => {
    const { run, over, done, ready } = await stand();
    const end = runAgent(run);
    await ready;
    await openControlClient(socket()).drain();
    await expect.poll(() => done).toEqual(["drain"]);
    over.resolve();
    expect(await end).toBe("drained");
  });

  it("has so long to drain as its file says, and is closed then", async () => {
    const { run, done, drain, ready, timers } = await stand();
    const end = runAgent(run);
    await ready;
    drain.abort();
    await expect.poll(() => timers.nextMs).toBe(30_000);
    await timers.advance(29_999);
    expect(done).toEqual(["drain"]);
    await timers.advance(1);
    expect(await end).toBe("overdue");
    expect(done).toEqual(["drain", "close"]);
  });

  it("is stopped at once by the second wish", async () => {
    const { run, done, drain, stop, ready } = await stand();
    const end = runAgent(run);
    await ready;
    drain.abort();
    stop.abort();
    expect(await end).toBe("stopped");
    expect(done.at(-1)).toBe("close");
  });

  it("that fails is closed, and the failure is told", async () => {
    const { run, over, done, ready } = await stand();
    const end = runAgent(run);
    await ready;
    over.reject(new RemoteMediaError("store-failed", "the disk is gone"));
    await expect(end).rejects.toMatchObject({ code: "store-failed" });
    expect(done).toEqual(["close"]);
  });

  it("whose opening takes for ever is interrupted; what opens after all is closed", async () => {
    const opening = Promise.withResolvers<RunningAgent>();
    const { run, agent, done, drain } = await stand({ open: () => opening.promise });
    const end = runAgent(run);
    drain.abort();
    await expect(end).rejects.toMatchObject({ code: "interrupted" });
    opening.resolve(agent);
    await expect.poll(() => done).toEqual(["close"]);
  });

  it("that can't be opened leaves nothing behind, so that the next one can", async () => {
    const { run } = await stand({
      open: async () => {
        throw new RemoteMediaError("identity-invalid", "no");
      },
    });
    await expect(runAgent(run)).rejects.toMatchObject({ code: "identity-invalid" });
    const next = await stand();
    const end = runAgent(next.run);
    await next.ready;
    next.stop.abort();
    expect(await end).toBe("stopped");
  });

  it("is one a socket: of several that start at once, one runs", async () => {
    const stands = await Promise.all(Array.from({ length: 4 }, () => stand()));
    const ends = stands.map(({ run }) => runAgent(run).catch((thrown: RemoteMediaError) => thrown.code));
    const winner = await Promise.race(stands.map((each) => each.ready.then(() => each)));
    const others = ends.filter((_, at) => stands[at] !== winner);
    expect(await Promise.all(others)).toEqual(["agent-running", "agent-running", "agent-running"]);
    winner.stop.abort();
    await Promise.all(ends);
  });
});

describe("what systemd hears of it", () => {
  it("that it is up, how it is, that it lives, and that it ends", async () => {
    const name = `@remotemedia-run-${process.pid}`;
    await using listener = await openListener(name);
    const { run, over, drain, ready } = await stand({ service: { socket: name, watchdogMs: 60_000 } });
    const end = runAgent(run);
    await ready;
    const heard = [await listener.next(), await listener.next(), await listener.next()];
    expect(heard).toEqual([
      "READY=1",
      "WATCHDOG=1",
      "STATUS=running: 1 peers, 1 of 1 pipelines, 1 stages for others",
    ]);
    drain.abort();
    expect(await listener.next()).toBe("STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000");
    over.resolve();
    await end;
  });

  it("nothing, and a warning here, where its socket is gone", async () => {
    const { run, over, ready, logs } = await stand({
      service: { socket: join(home, "gone"), watchdogMs: undefined },
    });
    const end = runAgent(run);
    await ready;
    over.resolve();
    expect(await end).toBe("drained");
    expect(logs).toMatchObject([{ level: "warning", about: "systemd" }]);
  });
});
