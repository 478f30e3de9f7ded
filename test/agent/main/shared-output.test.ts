// Outputs that go to one file: its lines have one order, whenever and however many outcomes settle at once.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runGraph } from "../../../agent/executor/run-graph.ts";
import { openSinks } from "../../../agent/native/open-sinks.ts";
import { defaultErrorPolicy } from "../../../agent/node/failure.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import type { Emission } from "../../../agent/node/runner.ts";
import { BatchRunner, type Dice, diceOf } from "../executor/batch-runner.ts";
import { frameAt, ListSource } from "../executor/graph-fixture.ts";

const stepUs = 20_000;
const frameCount = 300;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shared-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function json(node: string, port: string, pts: number): Emission {
  const frame: Frame = { ...frameAt(pts, port, new TextEncoder().encode("1")), payload: { kind: "json" } };
  return { node, frame };
}

/** A stage as in examples/speech-gate: rare events that look back, a level a frame, now and then windows that began before their input. */
function gateOf(dice: Dice): BatchRunner {
  let last = 0;
  const process = ({ pts }: Frame) => {
    last = pts;
    const at = pts / stepUs;
    return [
      ...(at % 50 === 20 ? [json("vad", "events", pts - 3 * stepUs)] : []),
      json("level", "out", pts),
      ...(at % 50 > 22 ? [json("mel", "out", pts - 25_000), json("mel", "out", pts - 15_000)] : []),
    ];
  };
  const flush = () => [json("mel", "out", last - 5000), json("vad", "events", last - stepUs)];
  return new BatchRunner(32, { process, flush }, dice);
}

async function writtenWith(seed: number): Promise<string[]> {
  const path = join(folder, `${seed}.ndjson`);
  const outputs = [
    { node: "vad", port: "events" },
    { node: "level", port: "out" },
    { node: "mel", port: "out" },
  ];
  const sinks = await openSinks(outputs.map(({ node }) => ({ path, node })));
  const frames = Array.from({ length: frameCount }, (_, index) => frameAt(index * stepUs));
  const { report } = await runGraph({
    units: [
      {
        id: "stage-1",
        runner: gateOf(diceOf(seed)),
        nodes: outputs.map(({ node }) => ({ id: node, type: "Fake", policy: defaultErrorPolicy })),
        inputs: ["in"],
      },
    ],
    connections: [],
    sources: [{ node: "vad", port: "in", source: new ListSource(frames) }],
    sinks: outputs.map((output, index) => ({ ...output, sink: sinks[index]! })),
  });
  expect(report.outcome).toBe("done");
  return readFileSync(path, "utf8").trimEnd().split("\n");
}

test("a file that several nodes of a stage write to has its lines in one order, whatever the timing", async () => {
  const first = await writtenWith(0);
  for (let seed = 1; seed <= 20; seed++) expect(await writtenWith(seed * 1_234_567)).toEqual(first);
});

test("its lines are in order of time, but for those by which a port first shows that it lags", async () => {
  const lines = (await writtenWith(1)).map((line) => JSON.parse(line));
  const late = lines.filter(({ pts }, at) => at > 0 && pts < lines[at - 1].pts);
  expect(lines.filter(({ node }) => node === "vad")).toHaveLength(7);
  expect(late.map(({ node }) => node)).toEqual(["vad", "mel"]);
});
