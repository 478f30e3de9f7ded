// openPipelineClock: the clock of one run, 0 when it began, on which frames of all live sources are timed.
import { kernelMonotonicMs } from "../../platform/process/kernel-clock.ts";
import type { PipelineClock } from "../native/node-type.ts";

/** Begins now. */
export function openPipelineClock(): PipelineClock {
  const startMs = performance.now();
  const kernelStartMs = kernelMonotonicMs();
  const nowUs = () => Math.round((performance.now() - startMs) * 1000);
  return {
    nowUs,
    fromMonotonicUs: (us) => Math.round(us - kernelStartMs * 1000),
    fromWallUs: (us) => nowUs() + Math.round(us - Date.now() * 1000),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const timer = setTimeout(end, ms);
        signal.addEventListener("abort", end, { once: true });
        function end(): void {
          clearTimeout(timer);
          signal.removeEventListener("abort", end);
          resolve();
        }
      }),
  };
}
