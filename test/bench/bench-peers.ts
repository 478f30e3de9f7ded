// What peers are worth: how soon a stage at a connected one gives its first frame, what a full one says, and how far two get where one gets so far.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../agent/config/config.ts";
import { openCaller } from "../../agent/main/open-caller.ts";
import type { Frame } from "../../agent/node/frame.ts";
import { OffloadRunner } from "../../agent/offload/offload-runner.ts";
import type { PeerSession } from "../../agent/protocol/peer-session.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { systemTimers } from "../../platform/contract/timers.ts";
import { someStatement } from "../support/mesh-members.ts";
import { childrenOf } from "./process-time.ts";
import { type Row, rowOf } from "./row.ts";
import { summarise } from "./statistic.ts";

const group = "peers";
const openings = 40;
const mostStages = 64;
const rounds = 5;
const frames = 60;
const picture = { width: 96, height: 72 };
/** A peer is let run for half of this, in ms: well below the silence at which it would be suspected. */
const dutyMs = 20;

/** `binary` is the compiled program: what a user starts. */
export async function benchPeers(binary: string): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "remotemedia-peers-"));
  const stand = new PeerStand(binary, folder);
  try {
    await stand.begin();
    return [...(await benchFirstFrame(stand)), ...(await benchFullPeer(stand)), ...(await benchTwo(stand))];
  } finally {
    await stand.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

class PeerStand {
  readonly sessions: PeerSession[] = [];
  readonly agents: Bun.Subprocess<"ignore", "ignore", "ignore">[] = [];
  readonly #binary: string;
  readonly #folder: string;
  #caller: Awaited<ReturnType<typeof openCaller>> | undefined;

  constructor(binary: string, folder: string) {
    this.#binary = binary;
    this.#folder = folder;
  }

  get self(): string {
    return this.#caller!.identity.device;
  }

  async begin(): Promise<void> {
    await this.#call("caller", "mesh", "create", "bench");
    for (const [name, port] of [
      ["one", 17_501],
      ["two", 17_502],
    ] as const) {
      const path = (suffix: string) => join(this.#folder, `${name}.${suffix}`);
      writeFileSync(path("request"), await this.#call(name, "mesh", "request"));
      await this.#call(
        "caller",
        "mesh",
        "admit",
        path("request"),
        "--role",
        "execute",
        "-o",
        path("membership"),
      );
      await this.#call(name, "mesh", "join", path("membership"));
      writeFileSync(path("json"), JSON.stringify({ listen: { host: "127.0.0.1", port }, discovery: false }));
      const words = [this.#binary, "agent", "--config", path("json")];
      this.agents.push(
        Bun.spawn(words, { env: this.#environment(name), stdio: ["ignore", "ignore", "ignore"] }),
      );
    }
    const config = readConfig({ REMOTEMEDIA_HOME: join(this.#folder, "caller") });
    this.#caller = await openCaller(config, someStatement("caller"));
    for (const port of [17_501, 17_502]) this.sessions.push(await this.#meet(`ws://127.0.0.1:${port}`));
  }

  async #meet(url: string): Promise<PeerSession> {
    const { mesh, sockets } = this.#caller!;
    for (let attempt = 1; ; attempt++) {
      try {
        return await mesh.meet(await sockets.connect(url));
      } catch (thrown) {
        if (attempt === 30) throw thrown;
        await Bun.sleep(200);
      }
    }
  }

  async end(): Promise<void> {
    await this.#caller?.[Symbol.asyncDispose]();
    for (const agent of this.agents) agent.kill("SIGKILL");
  }

  #environment(name: string) {
    return { ...process.env, REMOTEMEDIA_HOME: join(this.#folder, name) };
  }

  async #call(name: string, ...words: readonly string[]): Promise<string> {
    const env = this.#environment(name);
    const child = Bun.spawn([this.#binary, ...words], { env, stdio: ["ignore", "pipe", "ignore"] });
    const said = await new Response(child.stdout).text();
    if ((await child.exited) === 0) return said;
    throw new RemoteMediaError("internal", `${words.join(" ")} failed`);
  }

  runner(type: string, params: object, sessions: readonly PeerSession[]): OffloadRunner {
    const manifest = JSON.stringify({ version: "v1", nodes: [{ id: "node", node_type: type, params }] });
    return new OffloadRunner({
      stage: {
        nodes: [{ id: "node", type }],
        root: "node",
        manifest,
        wanted: ["node.out"],
        stateful: false,
        deadlineMs: 0,
        path: [this.self],
        maxCallMs: 20_000,
      },
      candidates: sessions.map((session) => ({
        kind: "peer",
        place: session.peer.device,
        name: session.peer.name,
        session: async () => session,
        score: 0,
      })),
      timers: systemTimers,
      random: Math.random,
    });
  }
}

async function benchFirstFrame(stand: PeerStand): Promise<Row[]> {
  const times: number[] = [];
  for (let count = 0; count < openings; count++) {
    const started = performance.now();
    const runner = stand.runner("PassThrough", {}, [stand.sessions[0]!]);
    await runner.open();
    await runner.process({ port: "in", pts: 0, payload: { kind: "bytes" }, data: new Uint8Array(1024) });
    times.push(performance.now() - started);
    await runner.close();
    // A spare child is ready again by then.
    await Bun.sleep(150);
  }
  const name = "first frame through a new stage of a connected peer";
  return [rowOf(group, name, "ms", summarise(times), { goal: 30 })];
}

async function benchFullPeer(stand: PeerStand): Promise<Row[]> {
  const session = stand.sessions[0]!;
  const open: OffloadRunner[] = [];
  for (let count = 0; count < mostStages; count++) {
    const runner = stand.runner("PassThrough", {}, [session]);
    await runner.open();
    open.push(runner);
  }
  const started = performance.now();
  const refused = await stand
    .runner("PassThrough", {}, [session])
    .open()
    .then(
      () => "",
      (thrown: unknown) => String(thrown),
    );
  const tookMs = performance.now() - started;
  if (!refused.includes("peer-busy")) throw new RemoteMediaError("internal", `not busy: ${refused}`);
  for (const runner of open) await runner.close();
  return [
    { group, name: `${mostStages} stages are open; the next is refused after`, unit: "ms", value: tookMs },
  ];
}

async function benchTwo(stand: PeerStand): Promise<Row[]> {
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const one = await rateOf(stand, stand.sessions.slice(0, 1));
    const two = await rateOf(stand, stand.sessions);
    ratios.push(two / one);
  }
  const name = "two peers beside one, each held to half a core, pictures a second";
  return [rowOf(group, name, "times", summarise(ratios), { atLeast: 1.8 })];
}

/** Pictures a second through these peers. */
async function rateOf(stand: PeerStand, sessions: readonly PeerSession[]): Promise<number> {
  const runner = stand.runner("PictureDenoise", {}, sessions);
  await runner.open();
  const frame: Frame = {
    port: "in",
    pts: 0,
    payload: { kind: "video", ...picture, format: "gray8" },
    data: new Uint8Array(picture.width * picture.height).map((_, index) => (index * 7) % 256),
  };
  await Promise.all(Array.from({ length: 6 }, () => runner.process(frame)));
  const throttled = holdToHalf(stand.agents.map(({ pid }) => pid));
  const started = performance.now();
  const calls: Promise<unknown>[] = [];
  for (let count = 0; count < frames; count++) {
    calls.push(runner.process(frame));
    if (calls.length >= 16) await calls.shift();
  }
  await Promise.all(calls);
  const rate = frames / (performance.now() - started);
  throttled();
  await runner.close();
  return rate;
}

/** Stops the agents' children, which do the work, half of the time, each in a half of its own. The function given ends it. */
function holdToHalf(agents: readonly number[]): () => void {
  const children = agents.map((agent) => childrenOf(agent).map(({ pid }) => pid));
  const signal = (pids: readonly number[], name: "SIGSTOP" | "SIGCONT") => {
    for (const pid of pids) {
      try {
        process.kill(pid, name);
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  let isFirst = true;
  const turn = () => {
    isFirst = !isFirst;
    for (const [index, pids] of children.entries()) {
      signal(pids, (index === 0) === isFirst ? "SIGCONT" : "SIGSTOP");
    }
  };
  const timer = setInterval(turn, dutyMs / 2);
  return () => {
    clearInterval(timer);
    for (const pids of children) signal(pids, "SIGCONT");
  };
}
