// FFmpeg doesn't outlive this program, however it dies.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findLeash } from "../../../platform/ffmpeg/leash.ts";
import { freePort } from "../../support/rtsp-camera.ts";

/** FFmpeg's processes that were given the address. */
function listening(url: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return words.includes(url) && words[0]!.endsWith("ffmpeg");
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(20);
}

const hasLeash = Bun.which("ffmpeg") !== null && (await findLeash()) !== undefined;

test.skipIf(!hasLeash)(
  "one that waits for a silent camera goes when this program is killed (left out without FFmpeg or a setpriv that knows --pdeathsig)",
  async () => {
    const url = `rtsp://127.0.0.1:${await freePort()}/cam`;
    const fixture = join(import.meta.dirname, "fixtures/waiting-capture.ts");
    const parent = Bun.spawn([process.execPath, fixture, url], { stdout: "ignore", stderr: "inherit" });
    await until(() => listening(url).length === 1);
    parent.kill("SIGKILL");
    await parent.exited;
    await until(() => listening(url).length === 0);
    expect(listening(url)).toEqual([]);
  },
);
