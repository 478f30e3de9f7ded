// What capturing costs us beside FFmpeg's own work: raw pictures through a stage for a minute, each known by the number drawn in it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runGraph } from "../../agent/executor/run-graph.ts";
import { openPipelineClock } from "../../agent/main/pipeline-clock.ts";
import { nativeNodes } from "../../agent/native/native-nodes.ts";
import type { NativeContext } from "../../agent/native/node-type.ts";
import { readCounter } from "../../agent/native/synthetic/frame-counter.ts";
import { TestPicture } from "../../agent/native/synthetic/test-picture.ts";
import { defaultErrorPolicy } from "../../agent/node/failure.ts";
import type { Frame } from "../../agent/node/frame.ts";
import type { FrameSink } from "../../agent/node/runner.ts";
import type { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import { openFfmpegCapture } from "../../platform/ffmpeg/ffmpeg-capture.ts";
import { openFfmpegEncoder } from "../../platform/ffmpeg/ffmpeg-encoder.ts";
import { chainRunner } from "../support/sandbox.ts";
import { childrenOf, cpuMs } from "./process-time.ts";
import type { Row } from "./row.ts";

const width = 1280;
const height = 720;
const fps = 30;
const seconds = 60;

/** A clip of numbered pictures, played at its own pace, decoded by FFmpeg into raw pictures, through PassThrough in a stage. */
export async function benchCapture(pool: SandboxPool): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "remotemedia-bench-"));
  try {
    const path = join(folder, "clip.mp4");
    await writeClip(path);
    const { numbers, ourMs, stageMs, wallMs } = await capture(pool, path);
    const lost = fps * seconds - new Set(numbers).size;
    const percent = (ms: number) => (ms / wallMs) * 100;
    return [
      {
        group: "capture",
        name: "1280x720, 30/s, raw, into PassThrough: both processes, of a core",
        unit: "%",
        value: percent(ourMs + stageMs),
        goal: 40,
        note: `of it ${percent(stageMs).toFixed(1)} % in the stage`,
      },
      { group: "capture", name: `pictures lost of ${fps * seconds}`, unit: "", value: lost, goal: 0 },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function capture(pool: SandboxPool, path: string) {
  const { builtinNodes } = await import("../../dist/nodes/index.ts");
  const runner = chainRunner(pool, [{ preparation: builtinNodes.get("PassThrough")!.preparation() }]);
  const numbers: (number | undefined)[] = [];
  const source = await nativeNodes.get("FileSource")!.openSource!(
    { path, realtime: true, loop: false, pixels: "i420" },
    context(),
  );
  let stagePid = 0;
  const sink: FrameSink = {
    async write({ data }: Frame) {
      stagePid ||= childrenOf(process.pid).find(({ command }) => command.includes("__sandbox"))?.pid ?? 0;
      numbers.push(readCounter({ width, height, format: "i420", data }));
    },
    close: async () => {},
    abort: async () => {},
  };
  const before = process.cpuUsage();
  const startedMs = performance.now();
  let stageMs = 0;
  const sampler = setInterval(() => {
    stageMs = cpuMs(stagePid);
  }, 100);
  const { report, error } = await runGraph({
    units: [
      {
        id: "stage",
        runner,
        nodes: [{ id: "node", type: "PassThrough", policy: defaultErrorPolicy }],
        inputs: ["in"],
      },
    ],
    connections: [{ from: { node: "clip", port: "video" }, to: { node: "node", port: "in" }, order: 0 }],
    sources: [],
    sinks: [{ node: "node", port: "out", sink }],
    sourceNodes: [{ id: "clip", type: "FileSource", source }],
  });
  clearInterval(sampler);
  if (report.outcome !== "done") throw error;
  const { user, system } = process.cpuUsage(before);
  return { numbers, ourMs: (user + system) / 1000, stageMs, wallMs: performance.now() - startedMs };
}

function context(): NativeContext {
  return {
    node: "clip",
    wanted: new Set(["video"]),
    capture: openFfmpegCapture(),
    encoder: openFfmpegEncoder(),
    clock: openPipelineClock(),
    devices: async () => ({ cameras: [], microphones: [], speakers: [], hardwareCodecs: [] }),
    deviceChange: async (signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
    onEvent: () => {},
  };
}

async function writeClip(path: string): Promise<void> {
  const raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${width}x${height}`, "-r", String(fps)];
  const encoded = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "20"];
  const child = Bun.spawn(["ffmpeg", "-v", "error", ...raw, "-i", "pipe:0", ...encoded, path], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "inherit",
  });
  const picture = new TestPicture({ width, height, format: "i420" });
  for (let count = 0; count < fps * seconds; count++) {
    child.stdin.write(picture.draw(count, (count * 1e6) / fps));
    await child.stdin.flush();
  }
  await child.stdin.end();
  await child.exited;
}
