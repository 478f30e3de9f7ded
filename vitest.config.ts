// Test settings: everything under test/, forks so that a crashing native call takes one file down, not the run.
import { spawn } from "node:child_process";
import { defineConfig } from "vitest/config";

giveChannelsRef();

/** Whole machines take minutes: they are tried by `scripts/test --emulated` only. */
const emulated = "test/emulated/**/*.test.ts";

export default defineConfig(({ mode }) => ({
  test: {
    ...(mode === "emulated"
      ? // One machine at a time: a slow kernel's devices answer late where another takes the processors.
        { include: [emulated], fileParallelism: false }
      : { include: ["test/**/*.test.ts"], exclude: [emulated] }),
    globalSetup: ["test/built-nodes.ts"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
}));

/** Vitest unrefs the channel of the watchdog that it forks. Bun's channels have no such method, and need none there:
 * the child is unref'ed as a whole. Their class isn't exported, so one is taken from a child that does nothing. */
function giveChannelsRef(): void {
  const child = spawn("true", { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  child.on("error", () => {});
  const channel = child.channel;
  if (channel && !("unref" in channel))
    Object.assign(Object.getPrototypeOf(channel), { ref() {}, unref() {} });
}
