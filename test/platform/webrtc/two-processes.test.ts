// Links between two processes, which share no library, no event loop and no fate.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { hedgeLinks } from "../../../agent/mesh/hedged-links.ts";
import type { Link, LinkMaker } from "../../../platform/contract/link.ts";
import { systemTimers } from "../../../platform/contract/timers.ts";
import { openWebrtc } from "../../../platform/webrtc/open-webrtc.ts";
import { connected, ended, messages, pattern } from "../../conformance/link-stand.ts";
import type { NumberedSignal } from "./link-process.ts";

vi.setConfig({ testTimeout: 120_000 });

let maker: LinkMaker;
let child: Bun.Subprocess;
let fingerprint = "";
const links = new Map<number, Link>();

beforeAll(async () => {
  maker = hedgeLinks(await openWebrtc(), { timers: systemTimers });
  await new Promise<void>((resolve) => {
    child = Bun.spawn([process.execPath, join(import.meta.dirname, "link-process.ts")], {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (message: NumberedSignal | { fingerprint: string }) => {
        if ("fingerprint" in message) {
          fingerprint = message.fingerprint;
          resolve();
        } else links.get(message.id)?.accept(message.signal);
      },
    });
  });
});
afterAll(async () => {
  await maker?.close();
  child?.kill();
  await child?.exited;
});

async function open() {
  const id = links.size;
  const link = maker.makeLink({ role: "offerer", signal: (signal) => child.send({ id, signal }) });
  links.set(id, link);
  const control = link.openChannel({ label: "control" });
  await connected(link);
  return { link, control };
}

test("know the other's certificate, and bring messages back whole and in order", async () => {
  const { link, control } = await open();
  expect(link.remoteFingerprint).toBe(fingerprint);
  const sizes = [0, 1, 65_536, 256 * 1024, 2];
  const back = messages(control, sizes.length);
  // The largest size is known once the channel is open.
  await vi.waitFor(() => expect(control.state).toBe("open"), 30_000);
  for (const size of sizes) control.send(pattern(size));
  for (const [index, bytes] of (await back).entries()) {
    expect(Buffer.compare(bytes, pattern(sizes[index]!))).toBe(0);
  }
  link.close();
});

test("leave neither handles nor memory behind, however often they are made", async () => {
  const cycle = async () => {
    const { link, control } = await open();
    const back = messages(control, 1);
    control.send(pattern(1000));
    await back;
    link.close();
  };
  for (let count = 0; count < 20; count++) await cycle();
  const [handles, bytes] = [readdirSync("/proc/self/fd").length, process.memoryUsage.rss()];
  for (let count = 0; count < 100; count++) await cycle();
  await vi.waitFor(
    () => expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(handles + 8),
    30_000,
  );
  expect(process.memoryUsage.rss() - bytes).toBeLessThan(100e6);
});

test("end within a minute when the other process is killed", async () => {
  const { link } = await open();
  const end = ended(link);
  const started = performance.now();
  child.kill("SIGKILL");
  // The library may tell a silence as it tells a goodbye.
  expect(["failed", "remote"]).toContain(await end);
  expect(performance.now() - started).toBeLessThan(60_000);
});
