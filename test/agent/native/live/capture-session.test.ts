// A capture's bytes as frames: what is copied on the way, and how it ends.
import { afterEach, describe, expect, test, vi } from "vitest";
import { openCaptureSession } from "../../../../agent/native/live/capture-session.ts";
import type { NutPayload } from "../../../../agent/native/nut/nut-stream.ts";
import { NutWriter } from "../../../../agent/native/nut/nut-writer.ts";
import type { Frame } from "../../../../agent/node/frame.ts";
import type { MediaCapture } from "../../../../platform/contract/media-capture.ts";

const camera: NutPayload = { kind: "video", width: 640, height: 480, format: "i420" };
const pictureBytes = 460_800;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Pictures as a NUT, in chunks of this size, each a piece of memory of its own as a pipe gives them. */
function pipe(count: number, chunkBytes: number): Uint8Array[] {
  const writer = new NutWriter([camera]);
  const pieces = [writer.header()];
  for (let index = 0; index < count; index++) {
    pieces.push(
      ...writer
        .packet(0, index * 33_333, new Uint8Array(pictureBytes).fill(index))
        .map((piece) => piece.slice()),
    );
  }
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  const chunks = [];
  for (let from = 0; from < whole.length; from += chunkBytes)
    chunks.push(whole.slice(from, from + chunkBytes));
  return chunks;
}

async function* play(chunks: readonly Uint8Array[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (signal.aborted) return;
    yield chunk;
  }
}

function session(chunks: readonly Uint8Array[], signal = new AbortController().signal) {
  const capture: MediaCapture = { capture: () => ({ times: "monotonic", bytes: play(chunks, signal) }) };
  const request = { input: { kind: "v4l2", path: "/dev/video0" } } as const;
  return openCaptureSession({ capture, request, videoPort: "out", frameMs: 20 }, signal).frames;
}

/** Bytes that are copied while the frames are read, pieces of a kilobyte and more. */
async function copied(chunks: readonly Uint8Array[]): Promise<{ frames: Frame[]; bytes: number }> {
  let bytes = 0;
  const { set, slice } = Uint8Array.prototype;
  vi.spyOn(Uint8Array.prototype, "set").mockImplementation(function (this: Uint8Array, from, at) {
    bytes += from.length >= 1024 ? from.length : 0;
    set.call(this, from, at);
  });
  vi.spyOn(Uint8Array.prototype, "slice").mockImplementation(function (this: Uint8Array, start, end) {
    const copy = slice.call(this, start, end);
    bytes += copy.length >= 1024 ? copy.length : 0;
    return copy as never;
  });
  const frames: Frame[] = [];
  for await (const frame of session(chunks)) frames.push(frame);
  vi.restoreAllMocks();
  return { frames, bytes };
}

describe("a picture", () => {
  test("of a pipe's many chunks is copied once", async () => {
    const { frames, bytes } = await copied(pipe(5, 65_536));
    expect(frames.map(({ pts, data }) => [pts, data[0], data.at(-1)])).toEqual(
      [0, 1, 2, 3, 4].map((at) => [at * 33_333, at, at]),
    );
    expect(bytes / (5 * pictureBytes)).toBeGreaterThan(0.9);
    expect(bytes / (5 * pictureBytes)).toBeLessThanOrEqual(1);
  });

  test("that lies in one chunk isn't copied at all", async () => {
    const { frames, bytes } = await copied(pipe(3, 1e7));
    expect(frames).toHaveLength(3);
    expect(bytes).toBe(0);
  });
});

describe("a capture that ends within a picture", () => {
  test("is an error", async () => {
    const taking = Array.fromAsync(session(pipe(2, 65_536).slice(0, -1)));
    await expect(taking).rejects.toMatchObject({ code: "input-broken" });
  });

  test("is none where it was told to end", async () => {
    const abort = new AbortController();
    const frames = [];
    for await (const frame of session(pipe(2, 65_536), abort.signal)) {
      frames.push(frame);
      abort.abort();
    }
    expect(frames).toHaveLength(1);
  });
});
