// Capture by libcamera's program, for which one stands in that writes the same: pictures on stdout, the sensor's times in a file.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CaptureRequest } from "../../../platform/contract/media-capture.ts";
import { openFfmpegCapture } from "../../../platform/ffmpeg/ffmpeg-capture.ts";
import { failure } from "../../support/failure.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const never = new AbortController().signal;
const request: CaptureRequest = {
  input: { kind: "libcamera", camera: 1, width: 64, height: 48, rate: { numerator: 30, denominator: 1 } },
  video: { pixels: "gray8" },
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "libcamera-test-"));
  const args = [
    "-f",
    "lavfi",
    "-i",
    "testsrc=s=64x48:r=30",
    "-frames:v",
    "5",
    "-c:v",
    "mjpeg",
    "-f",
    "image2",
  ];
  spawnSync("ffmpeg", ["-v", "error", ...args, at("%d.jpg")]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A capture by a program in rpicam-vid's place. */
function capture(script: string, name = "rpicam-vid") {
  const bin = mkdtempSync(at("bin-"));
  const metadata = `echo "$*" > ${at("args")}\necho $$ > ${at("pid")}\nwhile [ "$1" != --metadata ]; do shift; done; exec 3>"$2"`;
  writeFileSync(join(bin, name), `#!/bin/sh\n${metadata}\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
  const searchPath = `${bin}${delimiter}${process.env["PATH"]}`;
  return openFfmpegCapture({ searchPath });
}

const picture = (number: number, nanoseconds: string) =>
  `cat ${at(`${number}.jpg`)}\nprintf 'AnalogueGain=1.0\\nSensorTimestamp=${nanoseconds}\\nLux=5\\n\\n' >&3\n`;
const fivePictures = () =>
  ["90000123456789", "90000156790000", "90000190123000", "90000256789999", "90000290123000"]
    .map((time, index) => picture(index + 1, time))
    .join("");

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of bytes) chunks.push(chunk);
  } finally {
    writeFileSync(at("got.nut"), Buffer.concat(chunks));
  }
  return chunks;
}

const isRunning = (pidFile: string) => existsSync(`/proc/${readFileSync(pidFile, "utf8").trim()}/exe`);

describe("a camera of libcamera", () => {
  it("gives each picture with the sensor's time to the microsecond, and breaks off with its program", async () => {
    const captured = capture(`${fivePictures()}echo 'ERROR: *** camera timed out ***' >&2`).capture(
      request,
      never,
    );
    expect(captured.times).toBe("monotonic");
    const error = await failure(drain(captured.bytes));
    expect(error.code).toBe("capture-broken");
    expect(error.message).toContain("camera timed out");
    const entries = ["-show_entries", "packet=pts,size", "-of", "csv=p=0", at("got.nut")];
    const packets = spawnSync("ffprobe", ["-v", "error", ...entries])
      .stdout.toString()
      .trim()
      .split("\n");
    const times = ["90000123456", "90000156790", "90000190123", "90000256789", "90000290123"];
    expect(packets).toEqual(times.map((time) => `${time},3072`));
    expect(readFileSync(at("args"), "utf8")).toMatch(
      /^-t 0 -n --camera 1 --width 64 --height 48 --framerate 30 --metadata /,
    );
  });

  it("is stopped with its program, and leaves nothing behind", async () => {
    const before = readdirSync(tmpdir()).filter((name) => /^libcamera-[^t]/.test(name)).length;
    const camera = capture(`${fivePictures()}exec sleep 100`, "libcamera-vid");
    for await (const _ of camera.capture(request, never).bytes) break;
    expect(isRunning(at("pid"))).toBe(false);
    expect(readdirSync(tmpdir()).filter((name) => /^libcamera-[^t]/.test(name)).length).toBe(before);
  });

  it("gives a picture before there is a next one", async () => {
    let total = 0;
    const camera = capture(`${picture(1, "90000123456789")}exec sleep 100`);
    for await (const chunk of camera.capture(request, never).bytes) {
      total += chunk.length;
      if (total > 64 * 48) break;
    }
    expect(total).toBeLessThan(2 * 64 * 48);
  });

  it("that isn't there, is taken, or gives no pictures says so", async () => {
    for (const [script, code] of [
      ["echo 'ERROR: *** no cameras available ***' >&2; exit 255", "device-missing"],
      ["echo 'ERROR: *** failed to acquire camera /base/soc/i2c0mux ***' >&2; exit 255", "device-busy"],
      ["echo nonsense", "ffmpeg-failed"],
      ["head -c 100 /dev/urandom | tr '\\377' a", "ffmpeg-failed"],
    ] as const) {
      const error = await failure(drain(capture(script).capture(request, never).bytes));
      expect([script, error.code]).toEqual([script, code]);
    }
  });

  it("needs the program", async () => {
    const ffmpegPath = Bun.which("ffmpeg") ?? "";
    const camera = openFfmpegCapture({ ffmpegPath, searchPath: at("nowhere") });
    const error = await failure(drain(camera.capture(request, never).bytes));
    expect([error.code, error.hint]).toEqual(["device-unsupported", "Install it: apt install rpicam-apps"]);
  });
});
