// The arm64 binary as the device, emulated, and the x64 one as the machine that helps it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { admit, createMesh, Device } from "./mesh-devices.ts";

const root = join(import.meta.dirname, "../..");
const sysroot = "/usr/aarch64-linux-gnu";
const emulator = ["qemu-aarch64-static", "-L", sysroot];
const binaries = {
  x64: join(root, "dist/remotemedia-linux-x64"),
  arm64: join(root, "dist/remotemedia-linux-arm64"),
};

// Reason of a skip: the machine lacks Debian's qemu-user-static or libc6-arm64-cross, or the binaries, or isn't an x64 one.
const isPossible =
  process.arch === "x64" &&
  Bun.which("qemu-aarch64-static") !== null &&
  existsSync(sysroot) &&
  Object.values(binaries).every((file) => existsSync(file));

test.runIf(isPossible)(
  "an arm64 board has its pictures cleaned by an x64 machine, and gets the bytes that it would have made",
  { timeout: 300_000 },
  async () => {
    await using board = new Device("board", {
      program: [...emulator, binaries.arm64],
      environment: { REMOTEMEDIA_EMULATOR: emulator.join(" ") },
    });
    await using attic = new Device("attic", { program: [binaries.x64] });
    await createMesh(attic);
    await admit(attic, board, "capture");
    const agent = await attic.startAgent();
    const words = [
      join(root, "examples/two-tier"),
      "--set",
      "camera.duration_s=1",
      "--output",
      "small.out=-",
    ];
    const { exitCode, stdout, stderr } = await board.run("run", ...words, "--peer", agent.url);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain("runs on attic");
    expect(stderr).not.toContain("runs on local");
    expect(stdout.trim().split("\n")).toHaveLength(10);
    expect(stdout).toBe(await attic.ok("run", ...words, "--local"));
  },
);
