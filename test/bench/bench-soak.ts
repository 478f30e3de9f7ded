// Whether memory stays flat: pictures at 30/s through a peer, for minutes or for an hour.
import { readFileSync } from "node:fs";
import { openOffloadEcho } from "./echo/offload-echo.ts";
import type { Row } from "./row.ts";

/** SOAK_MINUTES; an hour by hand. */
const minutes = Number(process.env["SOAK_MINUTES"] ?? 10);
const perSecond = 30;
const pictureBytes = 640 * 480;
const lookMs = 5000;
/** Growth is counted from here on: before that, compilers and buffers find their size. */
const settledMs = 60_000;

export async function benchSoak(): Promise<Row[]> {
  const way = await openOffloadEcho();
  const picture = new Uint8Array(pictureBytes);
  const looks: { readonly atMs: number; readonly ours: number; readonly theirs: number }[] = [];
  const started = performance.now();
  let frames = 0;
  let nextLookMs = 0;
  let last: Promise<void> = Promise.resolve();
  for (let atMs = 0; atMs < minutes * 60_000; atMs = performance.now() - started) {
    last = way.echo(picture);
    frames += 1;
    if (atMs >= nextLookMs) {
      looks.push({ atMs, ours: residentBytes(process.pid), theirs: residentBytes(way.pid) });
      nextLookMs = atMs + lookMs;
    }
    const dueMs = (frames * 1000) / perSecond - (performance.now() - started);
    if (dueMs > 0) await Bun.sleep(dueMs);
  }
  await last;
  await way.close();
  const settled = looks.filter(({ atMs }) => atMs >= Math.min(settledMs, (minutes * 60_000) / 2));
  const growth = (side: "ours" | "theirs") =>
    (mostOf(settled.slice(-6), side) - mostOf(settled.slice(0, 6), side)) / 2 ** 20;
  const name = (side: string) =>
    `${minutes} min of 640x480 at 30/s through a peer: growth of the ${side} after the first minute`;
  return [
    { group: "soak", name: name("caller"), unit: "MiB", value: growth("ours"), goal: 5 },
    { group: "soak", name: name("peer"), unit: "MiB", value: growth("theirs"), goal: 5 },
    { group: "soak", name: "frames that came back", unit: "", value: frames },
  ];
}

function mostOf(looks: readonly { ours: number; theirs: number }[], side: "ours" | "theirs"): number {
  return Math.max(...looks.map((look) => look[side]));
}

function residentBytes(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return pages * 4096;
}
