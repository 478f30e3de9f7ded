// sd_notify as a service manager hears it: a datagram socket of Perl's, by path and abstract.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { openServiceNotifier } from "../../../platform/linux/notify-systemd.ts";
import { openListener } from "../../support/datagram-listener.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "remotemedia-notify-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("what systemd hears", () => {
  test.each(["path", "abstract"])("over a socket by %s", async (kind) => {
    const socket = kind === "path" ? join(folder, "notify") : `@remotemedia-test-${process.pid}`;
    await using listener = await openListener(socket);
    using notifier = openServiceNotifier({ socket, onDeaf: expect.fail });
    notifier.ready();
    expect(await listener.next()).toBe("READY=1");
    notifier.status("3 peers\nREADY=0\u001b[2J");
    expect(await listener.next()).toBe("STATUS=3 peers READY=0 [2J");
    notifier.stopping(30_000);
    expect(await listener.next()).toBe("STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000");
  });

  test("a sign of life each half of the watchdog's time, from the time that we are ready", async () => {
    const socket = `@remotemedia-watchdog-${process.pid}`;
    const timers = new FakeTimers();
    await using listener = await openListener(socket);
    const notifier = openServiceNotifier({ socket, watchdogMs: 3000, timers });
    await timers.advance(10_000);
    notifier.ready();
    expect(await listener.next()).toBe("READY=1");
    expect(await listener.next()).toBe("WATCHDOG=1");
    await timers.advance(1499);
    notifier.status("no sign before its time");
    expect(await listener.next()).toBe("STATUS=no sign before its time");
    await timers.advance(1);
    expect(await listener.next()).toBe("WATCHDOG=1");
    await timers.advance(3000);
    expect([await listener.next(), await listener.next()]).toEqual(["WATCHDOG=1", "WATCHDOG=1"]);
    notifier[Symbol.dispose]();
    expect(timers.pending).toBe(0);
  });

  test("nobody's socket is told once, and harms nothing", () => {
    const told: string[] = [];
    using notifier = openServiceNotifier({ socket: join(folder, "none"), onDeaf: (why) => told.push(why) });
    notifier.ready();
    notifier.stopping(0);
    expect(told).toEqual(["error 2"]);
  });

  test.each(["", "@", "vsock:2:1234", "relative", `/${"x".repeat(107)}`])("%j is no socket", (socket) => {
    const told: string[] = [];
    using notifier = openServiceNotifier({ socket, onDeaf: (why) => told.push(why) });
    notifier.ready();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/is no unix socket$/);
  });
});
