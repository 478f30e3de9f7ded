// openNativeParts: what the pipeline's own sources and sinks run with on this machine.
import type { DeviceWatcher } from "../../platform/contract/machine.ts";
import { openFfmpegCapture } from "../../platform/ffmpeg/ffmpeg-capture.ts";
import { openFfmpegEncoder } from "../../platform/ffmpeg/ffmpeg-encoder.ts";
import { watchDevices } from "../../platform/linux/watch-devices.ts";
import type { NativeContext } from "../native/node-type.ts";
import type { Board } from "./probe-board.ts";

/** What every native node gets, whatever its id. */
export type NativeParts = Omit<NativeContext, "node" | "wanted" | "connected" | "clock" | "onEvent">;

/** Nothing is looked at or watched before a node asks. `board` gives the one that the program has. */
export function openNativeParts(board: () => Promise<Board>): NativeParts & Disposable {
  let watcher: DeviceWatcher | undefined;
  const waiting = new Set<() => void>();
  const watch = () => {
    if (watcher !== undefined) return;
    watcher = watchDevices();
    watcher.onChange(() => {
      for (const resolve of waiting) resolve();
    });
  };
  return {
    capture: openFfmpegCapture(),
    encoder: openFfmpegEncoder(),
    async devices() {
      const found = await board();
      found.forget();
      const { facts } = await found.look();
      return facts;
    },
    async deviceChange(signal) {
      if (signal.aborted) return;
      watch();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      waiting.delete(resolve);
    },
    [Symbol.dispose]: () => watcher?.[Symbol.dispose](),
  };
}
