// How long no picture comes when the peer that works is lost, with another one there: killed, stopped, cut off, ended.
import { writeFileSync } from "node:fs";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { type Namespaces, openNamespaces, whyNoNamespaces } from "../support/network-namespaces.ts";
import { admit, createMesh, Device, type DeviceAgent } from "../system/mesh-devices.ts";
import { type Row, rowOf } from "./row.ts";
import { summarise } from "./statistic.ts";

const runs = 5;
/** Pictures that have come when the peer is lost, of all. */
const [lostAt, pictures] = [60, 300];

const pipeline = {
  version: "v1",
  metadata: { name: "pictures" },
  nodes: [
    {
      id: "camera",
      node_type: "SyntheticSource",
      params: {
        width: 160,
        height: 120,
        fps: 30,
        pixels: "gray8",
        duration_s: pictures / 30,
        realtime: false,
      },
    },
    {
      id: "denoise",
      node_type: "PictureDenoise",
      params: { search_radius: 3 },
      placement: { prefer: ["peer"] },
    },
  ],
  connections: [{ from: "camera", from_port: "video", to: "denoise" }],
};

interface Scene {
  readonly net: Namespaces;
  readonly board: Device;
  readonly peers: readonly Device[];
}

interface Loss {
  readonly name: string;
  readonly goalMs: number;
  lose(scene: Scene, peer: Device, agent: DeviceAgent): Promise<void> | void;
}

const losses: readonly Loss[] = [
  { name: "killed (kill -9)", goalMs: 1000, lose: (_scene, _peer, agent) => agent.process.kill("SIGKILL") },
  { name: "stopped (SIGSTOP)", goalMs: 1000, lose: (_scene, _peer, agent) => agent.process.kill("SIGSTOP") },
  { name: "cut off the network", goalMs: 1000, lose: ({ net }, { name }) => net.cut(name) },
  { name: "ended (SIGTERM)", goalMs: 150, lose: (_scene, _peer, agent) => agent.process.kill("SIGTERM") },
];

/** Nothing where the machine has no network namespaces. */
export async function benchFailover(binary: string): Promise<Row[]> {
  const why = whyNoNamespaces();
  if (why !== undefined) {
    console.error(`bench: failover is left out: ${why}`);
    return [];
  }
  await using net = await openNamespaces({ names: ["board", "attic", "cellar"] });
  const device = (name: string) => new Device(name, { program: [...net.prefix(name), binary] });
  await using board = device("board");
  await using attic = device("attic");
  await using cellar = device("cellar");
  await createMesh(board);
  for (const other of [attic, cellar]) await admit(board, other);
  writeFileSync(board.scratch.file("pipeline.json"), JSON.stringify(pipeline));
  const rows: Row[] = [];
  for (const loss of losses) {
    const gaps: number[] = [];
    for (let run = 0; run < runs; run++)
      gaps.push(await measure({ net, board, peers: [attic, cellar] }, loss));
    const name = `no picture comes, of two peers the one that works ${loss.name}`;
    rows.push(rowOf("failover", name, "ms", summarise(gaps), { goal: loss.goalMs }));
  }
  return rows;
}

/** The longest time between two pictures after the loss, in ms. */
async function measure(scene: Scene, loss: Loss): Promise<number> {
  const { net, board, peers } = scene;
  const agents = await Promise.all(
    peers.map((peer) =>
      peer.startAgent({ listen: { host: net.address(peer.name), port: 7400 } }, net.address(peer.name)),
    ),
  );
  const words = ["run", board.scratch.file("pipeline.json"), "--output", "denoise.out=-"];
  const running = board.start([...words, ...agents.flatMap(({ url }) => ["--peer", url])]);
  const came: number[] = [];
  let count = 0;
  let lostMs: number | undefined;
  const watch = async () => {
    while (count < pictures && running.process.exitCode === null) {
      const now = running.printedSoFar().split("\n").length - 1;
      if (now > count) came.push(performance.now());
      count = now;
      if (count >= lostAt && lostMs === undefined) {
        lostMs = performance.now();
        const at = peers.findIndex(({ name }) => running.toldSoFar().includes(`runs on ${name}`));
        await loss.lose(scene, peers[at]!, agents[at]!);
      }
      await Bun.sleep(1);
    }
  };
  await watch();
  const { exitCode, stdout, stderr } = await running.ended;
  for (const [at, agent] of agents.entries()) {
    agent.process.kill("SIGKILL");
    await agent.process.exited;
    await net.heal(peers[at]!.name);
  }
  if (exitCode !== 0 || stdout.trim().split("\n").length !== pictures || lostMs === undefined) {
    throw new RemoteMediaError("internal", `failover, ${loss.name}: ended with ${exitCode}: ${stderr}`);
  }
  const gaps = came.flatMap((ms, at) => (ms < lostMs! ? [] : [ms - (came[at - 1] ?? ms)]));
  return Math.max(...gaps);
}
