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

interface Soak {
  readonly frames: number;
  /** Of resident memory since it had settled, in MiB. */
  readonly callerGrowth: number;
  readonly peerGrowth: number;
}

export async function benchSoak(): Promise<Row[]> {
  const { frames, callerGrowth, peerGrowth } = await soak(minutes);
  const name = (side: string) =>
    `${minutes} min of 640x480 at 30/s through a peer: growth of the ${side} after the first minute`;
  return [
    { group: "soak", name: name("caller"), unit: "MiB", value: callerGrowth, goal: 5 },
    { group: "soak", name: name("peer"), unit: "MiB", value: peerGrowth, goal: 5 },
    { group: "soak", name: "frames that came back", unit: "", value: frames },
  ];
}

async function soak(lastsMinutes: number): Promise<Soak> {
  const way = await openOffloadEcho();
  const picture = new Uint8Array(pictureBytes);
  const looks: Look[] = [];
  const started = performance.now();
  const lastsMs = lastsMinutes * 60_000;
  let frames = 0;
  let nextLookMs = 0;
  let last: Promise<void> = Promise.resolve();
  for (let atMs = 0; atMs < lastsMs; atMs = performance.now() - started) {
    last = way.echo(picture);
    frames += 1;
    if (atMs >= nextLookMs) {
      looks.push({ atMs, caller: residentBytes(process.pid), peer: residentBytes(way.pid) });
      nextLookMs = atMs + lookMs;
    }
    const dueMs = (frames * 1000) / perSecond - (performance.now() - started);
    if (dueMs > 0) await Bun.sleep(dueMs);
  }
  await last;
  await way.close();
  const settled = looks.filter(({ atMs }) => atMs >= Math.min(settledMs, lastsMs / 2));
  const growth = (side: "caller" | "peer") =>
    (mostOf(settled.slice(-6), side) - mostOf(settled.slice(0, 6), side)) / 2 ** 20;
  return { frames, callerGrowth: growth("caller"), peerGrowth: growth("peer") };
}

interface Look {
  readonly atMs: number;
  readonly caller: number;
  readonly peer: number;
}

function mostOf(looks: readonly Look[], side: "caller" | "peer"): number {
  return Math.max(...looks.map((look) => look[side]));
}

function residentBytes(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return pages * 4096;
}
