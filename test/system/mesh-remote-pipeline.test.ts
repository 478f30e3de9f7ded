// RemotePipelineNode as a user writes it: a pipeline that the manifest brings along, and one that the peer's file names.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { admit, createMesh, Device, type DeviceAgent } from "./mesh-devices.ts";

const calculator = join(import.meta.dirname, "../../examples/calculator");

const board = new Device("board");
const attic = new Device("attic");
let agent: DeviceAgent;
beforeAll(async () => {
  await createMesh(board);
  await admit(board, attic);
  agent = await attic.startAgent({ pipelines: { calc: { path: calculator, enabled: false } } });
});
afterAll(async () => {
  await board[Symbol.asyncDispose]();
  await attic[Symbol.asyncDispose]();
});

/** Runs a pipeline that is one RemotePipelineNode with these params, on 1, 2 and 3. */
function runRemote(params: object, endpoint = agent.url.replace("ws://", "").replace(/\/$/, "")) {
  const file = board.scratch.file("remote.json");
  const node = { id: "far", node_type: "RemotePipelineNode", params: { endpoint, ...params } };
  writeFileSync(file, JSON.stringify({ version: "v1", nodes: [node] }));
  return board.run("run", file, "--input", join(calculator, "input.json"), "--output", "-");
}

const results = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).json);

describe("a RemotePipelineNode", () => {
  test("runs the pipeline that it brings along at the peer", async () => {
    const manifest = {
      version: "v1",
      nodes: [
        { id: "mul", node_type: "MultiplyNode", params: { factor: 3 } },
        { id: "add", node_type: "AddNode", params: { addend: 1 } },
      ],
      connections: [{ from: "mul", to: "add" }],
    };
    const { exitCode, stdout } = await runRemote({ manifest });
    expect({ exitCode, results: results(stdout) }).toEqual({ exitCode: 0, results: [4, 7, 10] });
  });

  test("runs a pipeline of the peer's by its name", async () => {
    const { exitCode, stdout } = await runRemote({ pipeline_name: "calc" });
    expect({ exitCode, results: results(stdout) }).toEqual({ exitCode: 0, results: [12, 14, 16] });
  });

  test("is told that the peer knows no such pipeline", async () => {
    const { exitCode, stderr } = await runRemote({ pipeline_name: "nobody" });
    expect(exitCode).toBe(4);
    expect(stderr).toContain("peer-unfit");
  });

  test("ends with 4 where no endpoint answers, naming it", async () => {
    const { exitCode, stderr } = await runRemote({ pipeline_name: "calc" }, "127.0.0.1:9");
    expect(exitCode).toBe(4);
    expect(stderr).toContain("127.0.0.1:9");
  });
});
