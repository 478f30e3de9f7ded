// Capture from a real RTSP server, from a camera that pushes, and from servers that refuse.
import { describe, expect, it } from "vitest";
import type { CaptureRequest } from "../../../platform/contract/media-capture.ts";
import { openFfmpegCapture } from "../../../platform/ffmpeg/ffmpeg-capture.ts";
import { failure } from "../../support/failure.ts";
import {
  freePort,
  isRtspServerHere,
  pushCamera,
  startRtspCamera,
  startRtspRefusal,
} from "../../support/rtsp-camera.ts";

const pictureBytes = 160 * 120;

function request(url: string, more: { listen?: boolean; timeoutMs?: number } = {}): CaptureRequest {
  const { listen = false, timeoutMs = 3000 } = more;
  return {
    input: { kind: "rtsp", url, transport: "udp", listen, timeoutMs },
    video: { pixels: "gray8", width: 160, height: 120 },
  };
}

/** Reads until so many bytes have come, then does `then`, and reads to the end. */
async function read(captured: CaptureRequest, enough: number, then: () => void): Promise<number> {
  let total = 0;
  for await (const chunk of openFfmpegCapture().capture(captured, new AbortController().signal).bytes) {
    if (total < enough && total + chunk.length >= enough) then();
    total += chunk.length;
  }
  return total;
}

async function firstBytes(captured: CaptureRequest): Promise<number> {
  const stop = new AbortController();
  let total = 0;
  for await (const chunk of openFfmpegCapture().capture(captured, stop.signal).bytes) {
    total += chunk.length;
    if (total > 5 * pictureBytes) stop.abort();
  }
  return total;
}

describe.runIf(isRtspServerHere)("a camera at a real RTSP server", () => {
  it("is captured, breaks off within its timeout when it is cut off, and comes again when it is restored", async () => {
    await using camera = await startRtspCamera();
    let cutAt = 0;
    let cut: Promise<void> | undefined;
    const error = await failure(
      read(request(camera.url), 5 * pictureBytes, () => {
        cutAt = performance.now();
        cut = camera.cut();
      }),
    );
    expect(error.code).toBe("capture-broken");
    expect(performance.now() - cutAt).toBeLessThan(4500);
    await cut;
    expect((await failure(firstBytes(request(camera.url)))).code).toBe("stream-unreachable");
    await camera.restore();
    expect(await firstBytes(request(camera.url))).toBeGreaterThan(5 * pictureBytes);
  }, 30_000);

  it("is unreachable under a path that it hasn't", async () => {
    await using camera = await startRtspCamera();
    const error = await failure(firstBytes(request(`${camera.url}-none`)));
    expect([error.code, error.hint]).toEqual(["stream-unreachable", "Check the path in the address."]);
  }, 20_000);
});

describe("a camera that pushes", () => {
  it("is waited for and captured, and breaks off when it goes", async () => {
    const url = `rtsp://127.0.0.1:${await freePort()}/camera`;
    const cameras = new AsyncDisposableStack();
    // Whoever pushes before we listen is refused, so it tries again as cameras do.
    const pushing = setInterval(() => cameras.use(pushCamera(url)), 1000);
    const stopCamera = () => {
      clearInterval(pushing);
      void cameras.disposeAsync();
    };
    const error = await failure(read(request(url, { listen: true }), 5 * pictureBytes, stopCamera));
    expect(error.code).toBe("capture-broken");
  }, 30_000);
});

describe("a server", () => {
  it("that wants other credentials denies, and they are in no message", async () => {
    for (const status of ["401 Unauthorized", "403 Forbidden"]) {
      await using server = await startRtspRefusal(status);
      const error = await failure(firstBytes(request(server.url)));
      expect(error.code).toBe("stream-denied");
      expect(`${error.message} ${error.hint}`).not.toMatch(/eve|secret/);
    }
  });

  it("that fails, or isn't there, is unreachable", async () => {
    await using server = await startRtspRefusal("503 Service Unavailable");
    expect((await failure(firstBytes(request(server.url)))).code).toBe("stream-unreachable");
    const nobody = `rtsp://eve:s/e@cret@127.0.0.1:${await freePort()}/`;
    const error = await failure(firstBytes(request(nobody)));
    expect(error.code).toBe("stream-unreachable");
    expect(error.message).not.toMatch(/eve|cret/);
  });

  it("that takes the connection and says nothing is given up within the timeout", async () => {
    await using server = await startRtspRefusal();
    const since = performance.now();
    const error = await failure(firstBytes(request(server.url, { timeoutMs: 700 })));
    expect(error.code).toBe("stream-unreachable");
    expect(performance.now() - since).toBeLessThan(2500);
  });

  it("is asked by RTSP addresses only", async () => {
    for (const url of [
      "http://127.0.0.1/",
      "file:///etc/passwd",
      "rtsp://",
      "rtsp://a b/",
      "-i",
      "concat:rtsp://x",
    ]) {
      expect((await failure(firstBytes(request(url)))).code).toBe("stream-unreachable");
    }
  });
});
