// A pipeline with a module of its own, run at a peer that has nothing of it: the package travels, and is believed as little as any.
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { admit, createMesh, Device, type DeviceAgent } from "./mesh-devices.ts";

const root = join(import.meta.dirname, "../..");

const manifest = {
  version: "v1",
  metadata: { name: "own" },
  modules: { Clean: { path: "clean.wasm" } },
  nodes: [
    {
      id: "camera",
      node_type: "SyntheticSource",
      params: { width: 160, height: 120, fps: 10, pixels: "gray8", duration_s: 1, realtime: false },
    },
    { id: "clean", node_type: "Clean", params: { search_radius: 2 } },
  ],
  connections: [{ from: "camera", from_port: "video", to: "clean" }],
};

const board = new Device("board");
let attic: Device;
let agent: DeviceAgent;
let alone: string;
beforeAll(async () => {
  for (const [name, prefer] of [
    ["only", ["peer"]],
    ["either", ["peer", "local"]],
  ] as const) {
    const folder = board.scratch.file(name);
    mkdirSync(folder);
    copyFileSync(join(root, "dist/nodes/PictureDenoise.wasm"), join(folder, "clean.wasm"));
    copyFileSync(join(root, "nodes/picture-denoise/node.json"), join(folder, "clean.node.json"));
    const nodes = manifest.nodes.map((node) =>
      node.id === "clean" ? { ...node, placement: { prefer } } : node,
    );
    writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...manifest, nodes }));
  }
  await createMesh(board);
  const key = board.scratch.file("maker");
  await board.ok("keygen", "--no-passphrase", "-o", key);
  await board.ok(
    "build",
    board.scratch.file("only"),
    "-o",
    board.scratch.file("signed.rmpkg"),
    "--sign",
    key,
  );
  await board.ok("build", board.scratch.file("either"), "-o", board.scratch.file("bare.rmpkg"));
  alone = await board.ok("run", board.scratch.file("either"), "--local", "--output", "clean.out=-");
});
afterAll(() => board[Symbol.asyncDispose]());
// A new machine each time: nothing of any package lies on it.
beforeEach(async () => {
  attic = new Device("attic");
  await admit(board, attic);
});
afterEach(() => attic[Symbol.asyncDispose]());

async function startAgent({ trusts }: { readonly trusts: boolean }): Promise<void> {
  const policy = attic.scratch.file("home/trust.json");
  if (trusts) cpSync(board.scratch.file("home/trust.json"), policy);
  else rmSync(policy, { force: true });
  agent = await attic.startAgent();
}

function runPackage(name: string, ...words: readonly string[]) {
  return board.run("run", board.scratch.file(name), "--peer", agent.url, "--output", "clean.out=-", ...words);
}

describe("a package that a peer gets from the one who asks", () => {
  test("runs there when someone has signed it whom the peer trusts", async () => {
    await startAgent({ trusts: true });
    const { exitCode, stdout, stderr } = await runPackage("signed.rmpkg");
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: alone });
    expect(stderr).toContain("runs on attic");
    expect(existsSync(attic.scratch.file("home/pipelines"))).toBe(true);
  });

  test("is refused where the peer trusts nobody, and the reason reaches the one who asked", async () => {
    await startAgent({ trusts: false });
    const { exitCode, stdout, stderr } = await runPackage("signed.rmpkg");
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toContain("[signer-unknown]");
    expect(agent.toldSoFar()).toContain("nobody who is trusted signed the package");
  });

  test("is refused where nobody has signed it, and runs here", async () => {
    await startAgent({ trusts: true });
    const { exitCode, stdout, stderr } = await runPackage("bare.rmpkg", "--allow-unsigned");
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 0, stdout: alone });
    expect(stderr).toContain("[signature-missing]");
    expect(stderr).toContain("runs on local");
    expect(stderr).not.toContain("runs on attic");
  });

  test("isn't even asked for here where nobody has signed it and nobody says that this is right", async () => {
    await startAgent({ trusts: true });
    const { exitCode, stdout, stderr } = await runPackage("bare.rmpkg");
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 3, stdout: "" });
    expect(stderr).toContain("signature-missing");
    expect(agent.toldSoFar()).not.toContain("session with");
  });
});
