// Sources and sinks of the program's own, as users run them: live, recorded, played back, and absent.
import { existsSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Scratch } from "./program.ts";

let scratch: Scratch;
beforeEach(() => {
  scratch = new Scratch();
});
afterEach(() => {
  expect(scratch.leftovers()).toEqual([]);
  scratch[Symbol.dispose]();
});

function write(name: string, nodes: readonly object[], connections: readonly object[] = []): string {
  const path = scratch.file(name);
  writeFileSync(path, JSON.stringify({ version: "v1", nodes, connections }));
  return path;
}

const lines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const synthetic = {
  id: "cam",
  node_type: "SyntheticSource",
  params: { width: 320, height: 240, realtime: false, duration_s: 2 },
};

describe("a pipeline with a source of its own", () => {
  test("needs no input, gives each picture its time, and reports what the source gave", async () => {
    const pipeline = write(
      "p.json",
      [synthetic, { id: "pass", node_type: "PassThrough" }],
      [{ from: "cam", from_port: "video", to: "pass" }],
    );
    const report = scratch.file("r.json");
    const { exitCode, stdout, stderr } = await scratch.run(["run", pipeline, "--report", report]);
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(lines(stdout).map(({ pts }) => pts)).toEqual(
      Array.from({ length: 60 }, (_, at) => Math.round((at * 1e6) / 30)),
    );
    const { nodes, frames_dropped } = await Bun.file(report).json();
    expect(nodes).toMatchObject([
      { node: "cam", node_type: "SyntheticSource", frames_in: 60, frames_out: 60 },
      { node: "pass", frames_in: 60 },
    ]);
    expect(frames_dropped).toBe(0);
  });

  test("writes to a file of its own, and the file plays as a source", async () => {
    const clip = scratch.file("clip.mkv");
    const record = write(
      "record.json",
      [synthetic, { id: "file", node_type: "FileSink", params: { path: clip } }],
      [{ from: "cam", from_port: "video", to: "file", to_port: "video" }],
    );
    expect(await scratch.run(["run", record, "--quiet"])).toMatchObject({ exitCode: 0, stdout: "" });
    const play = write(
      "play.json",
      [
        { id: "clip", node_type: "FileSource", params: { path: clip } },
        { id: "small", node_type: "VideoResize", params: { width: 64 } },
      ],
      [{ from: "clip", from_port: "video", to: "small" }],
    );
    const { exitCode, stdout } = await scratch.run(["run", play, "--quiet"]);
    expect(exitCode).toBe(0);
    expect(lines(stdout)).toHaveLength(60);
    expect(lines(stdout)[0]).toMatchObject({ type: "video", width: 64, height: 48 });
  });

  test("takes a param of the source that --live adds", async () => {
    const { exitCode, stdout } = await scratch.run([
      ...["run", write("p.json", [{ id: "look", node_type: "PassThrough" }]), "--quiet"],
      ...["--live", "synthetic", "--set", "live-look.realtime=false", "--set", "live-look.duration_s=0.1"],
      ...["--set", "live-look.width=64", "--set", "live-look.height=48"],
    ]);
    expect(exitCode).toBe(0);
    expect(lines(stdout).map(({ width, height }) => `${width}x${height}`)).toEqual(Array(3).fill("64x48"));
  });

  test("ends when it is told to, after what was captured has passed", async () => {
    const pipeline = write("p.json", [{ id: "hear", node_type: "AudioLevelNode" }]);
    const { exitCode, stderr } = await scratch.run([
      ...["run", pipeline, "--live", "synthetic", "--duration", "0.5"],
    ]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("interrupted, all that was read is finished");
  });
});

describe("a source that isn't there", () => {
  test.skipIf(existsSync("/dev/video0"))(
    "is refused before the run, with what is missing and the mend (left out where there is a camera)",
    async () => {
      const pipeline = write("p.json", [{ id: "look", node_type: "MotionDetector" }]);
      const { exitCode, stderr } = await scratch.run(["run", pipeline, "--live", "camera"]);
      expect(exitCode).toBe(4);
      expect(stderr).toContain('no place for "live-look": local:');
      expect(stderr).toContain("--live camera");
      expect(stderr).toMatch(/do: .*camera/);
    },
  );

  test("is a file: the run fails and names it", async () => {
    const play = write("p.json", [{ id: "clip", node_type: "FileSource", params: { path: "nowhere.mp4" } }]);
    const { exitCode, stderr } = await scratch.run(["run", play, "--quiet"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("nowhere.mp4");
  });
});
