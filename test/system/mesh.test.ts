// `run --peer` and agents that find each other, as users start them: who may, where it runs, and what comes out when a peer dies.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { admit, createMesh, Device, type DeviceAgent } from "./mesh-devices.ts";

const root = join(import.meta.dirname, "../..");
const example = join(root, "examples/two-tier");
/** The example, with less of it: thirty pictures that are cleaned quickly. */
const less = ["--set", "camera.duration_s=3", "--set", "denoise.search_radius=2"];
const frames = 30;
/** Nobody listens there. */
const nowhere = "ws://127.0.0.1:9";

const board = new Device("board");
const attic = new Device("attic");
const cellar = new Device("cellar");
let alone: string;
beforeAll(async () => {
  await createMesh(board);
  await Promise.all([admit(board, attic), admit(board, cellar)]);
  alone = await board.ok("run", example, ...less, "--output", "small.out=-", "--local");
  expect(linesOf(alone)).toHaveLength(frames);
});
afterAll(async () => {
  for (const device of [board, attic, cellar]) await device[Symbol.asyncDispose]();
});

const linesOf = (text: string) => text.trim().split("\n");

/** The example's words, with peers. */
function runWith(...peers: readonly string[]): string[] {
  return ["run", example, ...less, "--output", "small.out=-", ...peers.flatMap((url) => ["--peer", url])];
}

async function endOf(agent: DeviceAgent): Promise<void> {
  agent.process.kill("SIGKILL");
  await agent.process.exited;
}

describe("where it runs", () => {
  let agent: DeviceAgent;
  beforeAll(async () => {
    agent = await attic.startAgent();
  });
  afterAll(() => endOf(agent));

  test("a peer's results are the bytes of this machine's, and the report says who made them", async () => {
    const report = board.scratch.file("report.json");
    const { exitCode, stdout, stderr } = await board.run(...runWith(agent.url), "--report", report);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toBe(alone);
    const { nodes } = JSON.parse(readFileSync(report, "utf8"));
    const places = nodes.map(({ node, placed_on }: Record<string, string>) => [node, placed_on]);
    expect(Object.fromEntries(places)).toEqual({
      camera: "local",
      denoise: "attic",
      motion: "local",
      small: "local",
    });
  });

  test("a place that isn't there is named, and this machine does it", async () => {
    const explained = await board.ok(
      "validate",
      example,
      "--explain",
      "--peer",
      nowhere,
      "--peer",
      agent.url,
    );
    expect(explained).toMatch(/denoise +attic +chosen/);
    expect(explained).toMatch(new RegExp(`${nowhere} +refused +${nowhere} can't be reached`));
    const { exitCode, stdout } = await board.run(...runWith(nowhere));
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: alone });
  });

  test("exit 4, and every place with its reason, where only a peer would do and none is there", async () => {
    const file = board.scratch.file("only-peer.json");
    const manifest = JSON.parse(readFileSync(join(example, "pipeline.json"), "utf8"));
    manifest.nodes[1].placement = { prefer: ["peer"] };
    writeFileSync(file, JSON.stringify(manifest));
    const { exitCode, stdout, stderr } = await board.run("run", file, "--peer", nowhere);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toContain("placement-impossible");
    expect(stderr).toContain(nowhere);
  });
});

describe("who may", () => {
  test("who belongs to no mesh is told so", async () => {
    await using stranger = new Device("stranger");
    const { exitCode, stderr } = await stranger.run(...runWith(nowhere));
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining("membership-missing"),
    });
  });

  test("a member of another mesh gets nothing run, and does its work itself", async () => {
    await using other = new Device("other");
    await createMesh(other, "work");
    const agent = await attic.startAgent();
    const { exitCode, stdout, stderr } = await other.run(...runWith(agent.url));
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: alone });
    expect(stderr).not.toContain("runs on attic");
    expect(await attic.status()).toMatchObject({ sessions: 0, hosted: [] });
    expect(agent.toldSoFar()).not.toContain("session with");
    await endOf(agent);
  });

  test("who may only look can't have anything run, and is told", async () => {
    await using phone = new Device("phone");
    await admit(board, phone, "view");
    const agent = await attic.startAgent();
    const { exitCode, stdout, stderr } = await phone.run(...runWith(agent.url));
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: alone });
    expect(stderr).toContain("its membership doesn't let it have anything run by others [peer-denied]");
    expect(stderr).not.toContain("runs on attic");
    expect(agent.toldSoFar()).not.toContain("opened");
    await endOf(agent);
  });
});

describe("a peer that dies in the middle", () => {
  /** Ends the peer that works, of those that run, once eight pictures have come. */
  async function runWhile(signal: "SIGKILL" | "SIGSTOP" | "SIGTERM", ...devices: readonly Device[]) {
    const agents = await Promise.all(devices.map((device) => device.startAgent()));
    const running = board.start(runWith(...agents.map(({ url }) => url)));
    await running.printed('"pts":700000');
    const at = devices.findIndex(({ name }) => running.toldSoFar().includes(`runs on ${name}`));
    agents[at]?.process.kill(signal);
    const { exitCode, stdout, stderr } = await running.ended;
    await Promise.all(agents.map(endOf));
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: alone });
    expect(stderr).toMatch(new RegExp(`${devices[at]?.name} (is lost|has said nothing)`));
    return { told: stderr, other: devices.find((_, place) => place !== at) };
  }

  test.each(["SIGKILL", "SIGSTOP", "SIGTERM"] as const)(
    "by %s: another peer does its frames",
    async (signal) => {
      const { told, other } = await runWhile(signal, attic, cellar);
      expect(told).toContain(`runs on ${other?.name}`);
    },
  );

  test.each(["SIGKILL", "SIGSTOP"] as const)(
    "by %s: this machine takes over where there is no other",
    async (signal) => {
      const { told } = await runWhile(signal, attic);
      expect(told).toContain("runs on local");
    },
  );
});
