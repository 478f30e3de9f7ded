// A CSI camera by libcamera's own program: its JPEG pictures, each with the sensor's time, as a Matroska stream for FFmpeg.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { RemoteMediaError } from "../base/error.ts";
import type { CaptureInput } from "../contract/media-capture.ts";
import type { ProgramOptions } from "./find-program.ts";
import { JpegSplitter } from "./jpeg-splitter.ts";
import { jpegSize, matroskaHead, matroskaPicture } from "./matroska-writer.ts";
import { leadGroup, signalGroup } from "./process-group.ts";

type LibcameraInput = Extract<CaptureInput, { kind: "libcamera" }>;

const maxStderrCharacters = 16_384;
const graceMs = 500;
/** How long the end of what was killed is waited for. */
const burialMs = 2000;

export interface LibcameraCamera extends AsyncDisposable {
  readonly stream: PassThrough;
  /** What the program has said so far, the last 16 KiB. */
  stderr(): string;
}

/** The program by its new or its old name. Throws `device-unsupported`. */
export function findLibcameraProgram(options: ProgramOptions): string {
  const search = options.searchPath === undefined ? {} : { PATH: options.searchPath };
  const found = Bun.which("rpicam-vid", search) ?? Bun.which("libcamera-vid", search);
  if (found !== null) return found;
  throw new RemoteMediaError(
    "device-unsupported",
    "This camera needs rpicam-vid, and there is none on this machine.",
    {
      hint: "Install it: apt install rpicam-apps",
    },
  );
}

/** Pictures on stdout as they are made, and beside each what the sensor said of it, its time among that. */
export function planLibcamera(input: LibcameraInput, metadataPath: string): readonly string[] {
  const { width, height, rate } = input;
  const size = [
    ...(width === undefined ? [] : ["--width", `${width}`]),
    ...(height === undefined ? [] : ["--height", `${height}`]),
  ];
  const pace = rate === undefined ? [] : ["--framerate", `${rate.numerator / rate.denominator}`];
  const output = ["--codec", "mjpeg", "--flush", "-o", "-"];
  const metadata = ["--metadata", metadataPath, "--metadata-format", "txt"];
  return ["-t", "0", "-n", "--camera", `${input.camera}`, ...size, ...pace, ...metadata, ...output];
}

/** Starts the camera; its stream ends where the program does. Disposing stops the program, and it is gone then. */
export async function startLibcamera(program: string, input: LibcameraInput): Promise<LibcameraCamera> {
  const folder = await mkdtemp(join(tmpdir(), "libcamera-"));
  const metadataPath = join(folder, "metadata");
  const { camera, metadata } = await spawnPrograms(program, input, metadataPath).catch(async (thrown) => {
    await rm(folder, { recursive: true, force: true });
    const message = "The camera's program can't be started.";
    throw new RemoteMediaError("device-unsupported", message, { cause: thrown });
  });
  const release = leadGroup(camera.pid);
  // What it leaves behind would hold its output open.
  void camera.exited.then(() => signalGroup(camera.pid, "SIGKILL"));
  const stream = new PassThrough({ highWaterMark: 1024 * 1024 });
  let said = "";
  const hear = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of camera.stderr) {
      said = (said + decoder.decode(chunk, { stream: true })).slice(-maxStderrCharacters);
    }
  };
  const heard = hear();
  const pumped = pump(camera.stdout, sensorTimes(metadata.stdout), stream)
    .catch((error: unknown) => {
      said += `\n${error instanceof Error ? error.message : error}`;
    })
    .then(async () => {
      metadata.kill("SIGKILL");
      await Promise.race([heard, Bun.sleep(graceMs)]);
      stream.end();
    });
  const dispose = async () => {
    signalGroup(camera.pid, "SIGTERM");
    metadata.kill("SIGKILL");
    stream.destroy();
    await Promise.race([camera.exited, Bun.sleep(graceMs)]);
    signalGroup(camera.pid, "SIGKILL");
    // What hangs in a driver ends when the driver lets it: nobody waits for that.
    await Promise.race([Promise.all([camera.exited, metadata.exited, pumped]), Bun.sleep(burialMs)]);
    release();
    await rm(folder, { recursive: true, force: true });
  };
  return { stream, stderr: () => said, [Symbol.asyncDispose]: dispose };
}

async function spawnPrograms(program: string, input: LibcameraInput, metadataPath: string) {
  // The program opens its metadata by name, and the pipes that we could give it are sockets, which can't be opened so.
  await Bun.spawn(["mkfifo", metadataPath], { stderr: "ignore" }).exited;
  const args = planLibcamera(input, metadataPath);
  const camera = Bun.spawn([program, ...args], {
    // The leader of a group, which is told to end with all that it has started.
    detached: true,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const metadata = Bun.spawn(["cat", metadataPath], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  return { camera, metadata };
}

/** Joins each picture with its time. */
async function pump(
  bytes: AsyncIterable<Uint8Array>,
  times: AsyncIterator<number>,
  stream: PassThrough,
): Promise<void> {
  const splitter = new JpegSplitter();
  let hasHead = false;
  for await (const chunk of bytes) {
    for (const picture of splitter.push(chunk)) {
      const time = await times.next();
      if (time.done === true || stream.destroyed) return;
      if (!hasHead) {
        const { width, height } = jpegSize(picture);
        stream.write(matroskaHead(width, height));
        hasHead = true;
      }
      if (!stream.write(matroskaPicture(time.value, picture))) await room(stream);
    }
  }
}

function room(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    stream.once("drain", resolve).once("close", resolve);
  });
}

/** The sensor's times in microseconds: nanoseconds since boot, of the clock that is CLOCK_MONOTONIC on a board that never sleeps.
 * @see https://libcamera.org/api-html/namespacelibcamera_1_1controls.html SensorTimestamp */
async function* sensorTimes(metadata: AsyncIterable<Uint8Array>): AsyncGenerator<number> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of metadata) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!.slice(-4096);
    for (const line of lines) {
      const nanoseconds = /^SensorTimestamp=(\d{1,19})$/.exec(line)?.[1];
      if (nanoseconds !== undefined) yield Number(BigInt(nanoseconds) / 1000n);
    }
  }
}
