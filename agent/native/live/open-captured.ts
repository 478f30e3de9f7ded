// openCaptured: a live source over a capture that is asked for anew whenever it is opened.
import type { CaptureRequest } from "../../../platform/contract/media-capture.ts";
import type { FrameSource } from "../../node/runner.ts";
import type { NativeContext } from "../node-type.ts";
import { openCaptureSession } from "./capture-session.ts";
import { openLiveSource } from "./live-source.ts";
import type { QueueBounds } from "./newest-queue.ts";

export interface CapturedOptions {
  readonly context: NativeContext;
  /** What it is, for people. */
  readonly what: () => string;
  /** What to capture now; called at each opening. */
  readonly request: () => CaptureRequest | Promise<CaptureRequest>;
  readonly videoPort?: string | undefined;
  readonly audioPort?: string | undefined;
  readonly reconnect: boolean;
  /** Whether its end is a loss. */
  readonly isEndless: boolean;
  readonly stallMs: number;
  /** How long the first frame may take. */
  readonly openingMs: number;
  /** Pictures that may wait. */
  readonly bufferFrames?: number | undefined;
  /** Milliseconds of sound that may wait. */
  readonly bufferMs?: number | undefined;
  /** Of sound. */
  readonly frameMs?: number | undefined;
  /** Whether devices that come and go say something about it. */
  readonly isDevice: boolean;
}

/** Whatever a picture's size or a param's slip: what waits stays within what a board has. */
const mostVideoBytes = 256 * 1024 * 1024;
const mostAudioBytes = 64 * 1024 * 1024;
/** How late frames may come after they were captured, from what drivers, encoders and networks hold back. */
const latencyMs = 500;

export function openCaptured(options: CapturedOptions): FrameSource {
  const { context, videoPort, audioPort, reconnect, isEndless, stallMs, openingMs } = options;
  const { node, clock, capture } = context;
  return openLiveSource({
    node,
    what: options.what,
    policy: { reconnect, isEndless, stallMs, openingMs, latencyMs },
    queues: queuesOf(options),
    clock,
    openSession: async (signal) => {
      const request = await options.request();
      const frameMs = options.frameMs ?? 20;
      return openCaptureSession({ capture, request, videoPort, audioPort, frameMs }, signal);
    },
    deviceChange: options.isDevice ? (signal) => context.deviceChange(signal) : fired,
    onEvent: (event) => context.onEvent(event),
  });
}

function queuesOf({ videoPort, audioPort, bufferFrames = 2, bufferMs = 1000 }: CapturedOptions) {
  const queues: Record<string, QueueBounds> = {};
  if (videoPort !== undefined) {
    queues[videoPort] = { frames: bufferFrames, bytes: mostVideoBytes, durationUs: Number.POSITIVE_INFINITY };
  }
  if (audioPort !== undefined) {
    const frames = Number.POSITIVE_INFINITY;
    queues[audioPort] = { frames, bytes: mostAudioBytes, durationUs: bufferMs * 1000 };
  }
  return queues;
}

/** Resolves when the signal fires. */
function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
