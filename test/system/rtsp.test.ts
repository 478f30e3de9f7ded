// A network camera is captured, cut off and restored: the pipeline goes on, and the pictures' numbers show what was lost.
import { readFileSync, writeFileSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readCounter } from "../../agent/native/synthetic/frame-counter.ts";
import { TestPicture } from "../../agent/native/synthetic/test-picture.ts";
import { ffmpeg } from "../agent/native/nut/ffmpeg-nut.ts";
import { freePort, isRtspServerHere, pushCamera, startRtspCamera } from "../support/rtsp-camera.ts";
import { Scratch } from "./program.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const size = { width: 192, height: 144, format: "gray8" } as const;
const fps = 10;
const everyUs = 1e6 / fps;
/** For so long the camera sees what nobody gets. */
const outageMs = 1500;
const scratch = new Scratch();
const clip = scratch.file("clip.mp4");

beforeAll(() => {
  const picture = new TestPicture(size);
  const pictures = Array.from({ length: 60 * fps }, (_, index) =>
    picture.draw(index, index * everyUs).slice(),
  );
  const raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "192x144", "-r", `${fps}`, "-i", "-"];
  const codec = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-tune", "zerolatency", "-crf", "12", "-g", "5"];
  ffmpeg([...raw, ...codec, clip], new Uint8Array(Buffer.concat(pictures)));
});

afterAll(() => scratch[Symbol.dispose]());

/** What a camera that has run for so long sends from now on: pictures from ten times that number on. */
function pictureAfter(seconds: number): string[] {
  return ["-re", "-ss", `${seconds}`, "-i", clip, "-c:v", "copy"];
}

interface Shot {
  readonly pts: number;
  readonly count: number | undefined;
}

/** A run whose frames a test sees as they come. */
class Watched implements AsyncDisposable {
  readonly shots: Shot[] = [];
  readonly program;
  readonly #report: string;
  readonly #read: Promise<void>;
  #news = Promise.withResolvers<void>();

  constructor(name: string, params: Record<string, unknown>) {
    const [manifest, pipe] = [scratch.file(`${name}.json`), scratch.file(`${name}.ndjson`)];
    this.#report = scratch.file(`${name}-report.json`);
    const source = {
      id: "camera",
      node_type: "RtspSource",
      params: { pixels: "gray8", buffer_frames: 64, ...params },
    };
    writeFileSync(
      manifest,
      JSON.stringify({
        version: "v1",
        nodes: [source, { id: "pass", node_type: "PassThrough" }],
        connections: [{ from: "camera", from_port: "video", to: "pass" }],
      }),
    );
    expect(Bun.spawnSync(["mkfifo", pipe]).success).toBe(true);
    this.program = scratch.start(["run", manifest, "--raw", "--output", pipe, "--report", this.#report]);
    this.#read = this.#readShots(pipe);
  }

  async #readShots(pipe: string): Promise<void> {
    const file = await open(pipe);
    for await (const line of createInterface({ input: file.createReadStream() })) {
      const { pts, base64 } = JSON.parse(line) as { pts: number; base64: string };
      this.shots.push({ pts, count: readCounter({ ...size, data: Uint8Array.fromBase64(base64) }) });
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    }
  }

  /** Resolves when so many more have come. */
  async more(shots: number): Promise<void> {
    const wanted = this.shots.length + shots;
    while (this.shots.length < wanted) await Promise.race([this.#news.promise, this.program.ended]);
  }

  /** Interrupts it as Ctrl-C does, and gives what it reports. */
  async finish() {
    this.program.process.kill("SIGINT");
    const { exitCode, stderr } = await this.program.ended;
    await this.#read;
    expect(exitCode, stderr).toBe(0);
    return { stderr, report: JSON.parse(readFileSync(this.#report, "utf8")) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.program.process.kill("SIGKILL");
    await this.program.ended;
  }
}

/** Times rise; the numbers go up one by one but for one gap, which is as long as the outage. Gives the numbers around it. */
function onlyGap(shots: readonly Shot[]): { first: number; before: number; after: number } {
  const counts = shots.map(({ count }) => count ?? expect.fail("a picture's number can't be read"));
  const steps = shots.slice(1).map(({ pts }, index) => pts - shots[index]!.pts);
  expect(steps.every((us) => us > 0)).toBe(true);
  const gaps = steps.flatMap((_, index) => (counts[index + 1] === counts[index]! + 1 ? [] : [index]));
  expect(gaps.length, `${counts}`).toBe(1);
  const [at] = gaps as [number];
  expect(steps[at]).toBeGreaterThan(outageMs * 900);
  return { first: counts[0]!, before: counts[at]!, after: counts[at + 1]! };
}

function expectOneLoss(report: { nodes: Record<string, unknown>[]; frames_dropped: number }): void {
  const camera = report.nodes.find(({ node }) => node === "camera")!;
  expect(camera).toMatchObject({ node_type: "RtspSource", restarts: 1 });
  expect(camera["errors_total"]).toBeGreaterThanOrEqual(1);
  const [first] = camera["errors"] as { code: string }[];
  expect(first!.code).toMatch(/^(capture-broken|stream-unreachable)$/);
  expect(report.frames_dropped).toBe(0);
}

/** Whether somebody listens at a port. Asking it itself would take the place of the camera. */
async function listens(port: number): Promise<boolean> {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const table = await readFile("/proc/net/tcp", "utf8");
  return table
    .split("\n")
    .some((line) => line.includes(` ${local} `) && line.trim().split(/\s+/)[3] === "0A");
}

async function untilListening(port: number): Promise<void> {
  while (!(await listens(port))) await Bun.sleep(20);
}

describe("a camera", () => {
  test("that pushes to us is lost, comes back, and only the numbers of the time between are missing", async () => {
    const port = await freePort();
    const url = `rtsp://127.0.0.1:${port}/camera`;
    await using run = new Watched("push", { url, listen: true });
    await untilListening(port);
    const first = pushCamera(url, pictureAfter(0));
    await run.more(25);
    await first[Symbol.asyncDispose]();
    await run.program.told("lost:");
    await Bun.sleep(outageMs);
    await untilListening(port);
    await using _second = pushCamera(url, pictureAfter(20));
    await run.program.told("found:");
    await run.more(20);
    const { report, stderr } = await run.finish();
    expect(stderr).toMatch(/\[camera\] lost: .*\n(.*\n)*.*\[camera\] found: /);
    expect(onlyGap(run.shots)).toMatchObject({ first: 0, after: 200 });
    expectOneLoss(report);
  });

  // Reason of a skip: the machine lacks Debian's rtsp-server-perl.
  test.runIf(isRtspServerHere)(
    "behind a server is lost with it, and is found when both are back",
    async () => {
      const picture = pictureAfter(0);
      await using camera = await startRtspCamera(picture);
      await using run = new Watched("ask", { url: camera.url, transport: "udp", stall_ms: 2000 });
      await run.more(25);
      await camera.cut();
      await run.program.told("lost:");
      await Bun.sleep(outageMs);
      picture.splice(0, picture.length, ...pictureAfter(20));
      await camera.restore();
      await run.program.told("found:");
      await run.more(20);
      const { report } = await run.finish();
      const { after } = onlyGap(run.shots);
      // It was joined on its way, at a key frame.
      expect(after).toBeGreaterThanOrEqual(200);
      expect(after % 5).toBe(0);
      expectOneLoss(report);
    },
  );
});
