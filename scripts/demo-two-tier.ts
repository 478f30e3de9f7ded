// Plays the two tiers on this machine: a board that is too small, two machines behind it, a broker between them; one of the two is killed
// while it works. Ends with what came of it.
// Usage: bun scripts/demo-two-tier.ts PROGRAM…   (the words that start remotemedia)
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StatusDocument, TopDocument } from "../agent/web/control-documents.ts";
import { RemoteMediaError } from "../platform/base/error.ts";
import { openEmbeddedBroker } from "../platform/mqtt/embedded-broker.ts";

const root = join(import.meta.dirname, "..");
const example = join(root, "examples/two-tier");
const program = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "remotemedia-two-tier-"));
const frames = 100;
/** When one of those that work is killed, in frames that have come out. */
const killAfter = 20;

interface Machine {
  readonly name: string;
  readonly home: string;
  agent?: Bun.Subprocess<"ignore", "ignore", "pipe">;
}

function machine(name: string): Machine {
  return { name, home: join(folder, name) };
}

/** Runs a command of the program as that machine's user and gives its stdout. */
async function call(on: Machine, ...words: readonly string[]): Promise<string> {
  const child = Bun.spawn([...program, ...words], {
    env: { ...process.env, REMOTEMEDIA_HOME: on.home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, complained, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) {
    throw new RemoteMediaError(
      "internal",
      `${on.name}: ${words.join(" ")} ended with ${code}: ${complained}`,
    );
  }
  return said;
}

/** The board's user holds the mesh's root key, and lets the other in. */
async function admit(board: Machine, other: Machine): Promise<void> {
  const request = join(folder, `${other.name}.request`);
  const membership = join(folder, `${other.name}.membership`);
  writeFileSync(request, await call(other, "mesh", "request"));
  await call(board, "mesh", "admit", request, "--role", "execute", "--name", other.name, "-o", membership);
  await call(other, "mesh", "join", membership);
}

function startAgent(on: Machine, settings: object): void {
  const file = join(folder, `${on.name}.json`);
  writeFileSync(file, JSON.stringify({ name: on.name, listen: false, discovery: false, ...settings }));
  on.agent = Bun.spawn([...program, "agent", "--config", file], {
    env: { ...process.env, REMOTEMEDIA_HOME: on.home },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

async function askStatus(on: Machine): Promise<StatusDocument> {
  return JSON.parse(await call(on, "status", "--json"));
}

/** The first of the documents that come each second. */
async function askTop(on: Machine): Promise<TopDocument> {
  const child = Bun.spawn([...program, "top", "--json"], {
    env: { ...process.env, REMOTEMEDIA_HOME: on.home },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) break;
  }
  child.kill();
  return JSON.parse(text.slice(0, text.indexOf("\n")));
}

/** What the agent's socket says, until it says what is waited for. */
async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const giveUp = Date.now() + 60_000;
  while (Date.now() < giveUp) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await Bun.sleep(100);
  }
  throw new RemoteMediaError("internal", `after a minute still not: ${what}`);
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}

async function play(): Promise<boolean> {
  await using broker = await openEmbeddedBroker({ host: "127.0.0.1", port: 0 });
  const [board, one, two] = [machine("board"), machine("attic"), machine("cellar")];
  const ends: Machine[] = [board, one, two];
  try {
    await call(board, "mesh", "create", "home");
    for (const other of [one, two]) await admit(board, other);
    const reach = { broker: { url: `mqtt://127.0.0.1:${broker.port}` } };
    for (const other of [one, two]) startAgent(other, reach);
    cpSync(example, join(folder, "two-tier"), { recursive: true });
    const output = join(folder, "small.ndjson");
    startAgent(board, {
      ...reach,
      // This machine plays a board with half a gigabyte: the node that needs two can't run on it.
      capabilities: { memory_gb: 0.5 },
      pipelines: {
        "two-tier": { path: join(folder, "two-tier"), outputs: [`small.out=${output}`], restart: "never" },
      },
    });
    const losses = readLog(board);
    const placed = await until("denoise runs on two peers", () => placesOfDenoise(board));
    console.log(
      `the board has too little memory for denoise: it runs on ${placed.join(" and ")}, the rest on the board`,
    );
    const before = await until("frames come out", () => topOnce(board, killAfter));
    const busy = ends.find(({ name }) => name === placed[0]) ?? one;
    const killedMs = performance.now();
    busy.agent?.kill("SIGKILL");
    console.log(`after ${before.pipelines[0]?.frames_out} frames ${busy.name} is killed (kill -9)`);
    const lost = await until("the board has noticed", async () =>
      losses.find((line) => line.text.includes("is lost")),
    );
    console.log(`${(lost.atMs - killedMs).toFixed(0)} ms later: ${lost.text}`);
    const after = await until("the other one works", () =>
      topOnce(board, (before.pipelines[0]?.frames_out ?? 0) + 1),
    );
    await until("the pipeline has ended", async () => {
      const status = await askStatus(board);
      return status.pipelines.every(({ state }) => state === "ended" || state === "failed")
        ? true
        : undefined;
    });
    printHops("before", before);
    printHops("after", after);
    return await compare(board, output);
  } finally {
    for (const { agent } of ends) agent?.kill("SIGKILL");
    for (const { agent } of ends) await agent?.exited;
  }
}

async function placesOfDenoise(board: Machine): Promise<readonly string[] | undefined> {
  const top = await askTop(board);
  const places = top.pipelines[0]?.nodes.find(({ node }) => node === "denoise")?.placed_on.split(", ") ?? [];
  return places.length < 2 ? undefined : places;
}

/** What `top` shows, once so many frames have come out. */
async function topOnce(board: Machine, framesOut: number): Promise<TopDocument | undefined> {
  const top = await askTop(board);
  return (top.pipelines[0]?.frames_out ?? 0) >= framesOut ? top : undefined;
}

/** The lines of an agent's log about its pipelines, as they come. */
function readLog({ agent }: Machine): { readonly text: string; readonly atMs: number }[] {
  const lines: { text: string; atMs: number }[] = [];
  const read = async () => {
    let rest = "";
    for await (const part of agent!.stderr.pipeThrough(new TextDecoderStream())) {
      const whole = (rest + part).split("\n");
      rest = whole.pop() ?? "";
      for (const line of whole) {
        const text = /pipeline two-tier, (.*)$/.exec(line)?.[1];
        if (text !== undefined) lines.push({ text, atMs: performance.now() });
      }
    }
  };
  read().catch(() => {});
  return lines;
}

function printHops(when: string, top: TopDocument): void {
  for (const { nodes, hops } of top.pipelines) {
    for (const { node, placed_on, p50_ms } of nodes) {
      if (p50_ms !== null) console.log(`${when}: ${node} on ${placed_on}: ${p50_ms.toFixed(1)} ms a frame`);
    }
    for (const { from, to, p50_ms } of hops) {
      if (p50_ms === null) continue;
      console.log(`${when}: the way ${from} → ${to} and back: ${p50_ms.toFixed(1)} ms`);
    }
  }
}

/** The same pipeline on this machine alone, without a board's limits, gives what must have come out. */
async function compare(board: Machine, output: string): Promise<boolean> {
  const alone = join(folder, "alone.ndjson");
  await call(board, "run", example, "--local", "--output", `small.out=${alone}`, "--quiet");
  const [got, expected] = [linesOf(output), linesOf(alone)];
  const same = got.length === frames && got.every((line, index) => line === expected[index]);
  console.log(
    same
      ? `${got.length} of ${frames} frames came, each once and in order, the same bytes as on one machine: nothing was lost`
      : `${got.length} of ${frames} frames came, and not what one machine gives`,
  );
  return same;
}

const held = await play().finally(() => rmSync(folder, { recursive: true, force: true }));
process.exit(held ? 0 : 1);
