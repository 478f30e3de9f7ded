// What a stage at a peer costs on the wire, beside the raw channel under it, MQTT through mosquitto and gRPC, in one run and in turn.
import { hedgeLinks } from "../../agent/mesh/hedged-links.ts";
import type { Link, LinkMaker } from "../../platform/contract/link.ts";
import { systemTimers } from "../../platform/contract/timers.ts";
import { openWebrtc } from "../../platform/webrtc/open-webrtc.ts";
import type { EchoWay } from "./echo/echo-way.ts";
import { openGrpcEcho } from "./echo/grpc-echo.ts";
import { openMqttEcho } from "./echo/mqtt-echo.ts";
import { openOffloadEcho } from "./echo/offload-echo.ts";
import { openRawEcho } from "./echo/raw-echo.ts";
import { type Row, rowOf } from "./row.ts";
import { type Statistic, summarise, timeCalls } from "./statistic.ts";

const group = "offload";
const roundTrips = 5000;
const rounds = 5;
/** Frames under way at a time. */
const inFlight = 6;
const sizes = [
  { name: "64 KiB", bytes: 64 * 1024, frames: 400 },
  { name: "3.1 MB", bytes: 3_110_400, frames: 24 },
] as const;
const brokerPort = 18_931;
const connects = 500;

export async function benchOffload(): Promise<Row[]> {
  const ways = [
    await openRawEcho(),
    await openOffloadEcho(),
    ...(Bun.which("mosquitto") === null ? [] : [await openMqttEcho(brokerPort)]),
    await openGrpcEcho(),
  ];
  try {
    return [...(await benchRoundTrips(ways)), ...(await benchThroughput(ways)), ...(await benchConnects())];
  } finally {
    for (const way of ways) await way.close();
  }
}

async function benchRoundTrips(ways: readonly EchoWay[]): Promise<Row[]> {
  const bytes = new Uint8Array(1024);
  const measured = new Map<string, Statistic>();
  for (const way of ways) measured.set(way.name, await timeCalls(roundTrips, () => way.echo(bytes)));
  const [raw, ours] = [measured.get(ways[0]!.name)!, measured.get(ways[1]!.name)!];
  return [
    ...[...measured].map(([name, statistic]) =>
      rowOf(group, `1 KiB there and back: ${name}`, "µs", statistic),
    ),
    { group, name: "what a stage adds to that at the median", unit: "µs", value: ours.p50 - raw.p50 },
    { group, name: "what a stage adds to that at p99", unit: "µs", value: ours.p99 - raw.p99, goal: 500 },
  ];
}

async function benchThroughput(ways: readonly EchoWay[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, bytes, frames } of sizes) {
    const frame = new Uint8Array(bytes);
    const rates = new Map<string, number[]>(ways.map((way) => [way.name, []]));
    // In turn, so that whatever else the machine does meets all of them.
    for (let round = 0; round < rounds; round++) {
      for (const way of ways) rates.get(way.name)!.push(await rateOf(way, frame, frames));
    }
    const ratios = rates.get(ways[1]!.name)!.map((rate, round) => rate / rates.get(ways[0]!.name)![round]!);
    rows.push(
      ...[...rates].map(([way, found]) => rowOf(group, `${name} echoed: ${way}`, "MB/s", summarise(found))),
      rowOf(group, `${name} echoed: a stage's share of the raw channel's`, "", summarise(ratios), {
        atLeast: 0.9,
      }),
    );
  }
  return rows;
}

/** In MB/s, of what was sent. */
async function rateOf(way: EchoWay, frame: Uint8Array, frames: number): Promise<number> {
  const started = performance.now();
  const waiting: Promise<void>[] = [];
  for (let count = 0; count < frames; count++) {
    waiting.push(way.echo(frame));
    if (waiting.length >= inFlight) await waiting.shift();
  }
  await Promise.all(waiting);
  return (frame.length * frames) / 1e3 / (performance.now() - started);
}

/** From making both ends to the first message there, between two makers of this process. */
async function benchConnects(): Promise<Row[]> {
  const open = async () => hedgeLinks(await openWebrtc(), { timers: systemTimers });
  const [near, far] = [await open(), await open()];
  const times: number[] = [];
  for (let count = 0; count < connects; count++) times.push(await connectOnce(near, far));
  await near.close();
  await far.close();
  const goals = { goal: 15, goalUpper: 60 };
  return [rowOf(group, `a link, to its first message, ${connects} times`, "ms", summarise(times), goals)];
}

async function connectOnce(near: LinkMaker, far: LinkMaker): Promise<number> {
  const started = performance.now();
  const answerer: Link = far.makeLink({ role: "answerer", signal: (signal) => offerer.accept(signal) });
  const offerer: Link = near.makeLink({ role: "offerer", signal: (signal) => answerer.accept(signal) });
  offerer.openChannel({ label: "first" }).send(new Uint8Array(1));
  await new Promise<void>((resolve) => answerer.onChannel((channel) => channel.onMessage(() => resolve())));
  const took = performance.now() - started;
  offerer.close();
  answerer.close();
  return took;
}
