// startChild: a fixture child by its scenario, and what it answered.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import type { Child, ChildOptions } from "../../../platform/contract/process.ts";
import { createChildSpawner } from "../../../platform/process/spawn-child.ts";

export const mebibyte = 1024 * 1024;
const started: Child[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill();
    await child.exited;
    child.release();
  }
});

/** Ended after the test, whatever it does. */
export function startChild(
  scenario: string,
  options: Partial<ChildOptions> = {},
  capAddressSpace = true,
): Child {
  const command = [process.execPath, join(import.meta.dirname, "fixtures/child.ts"), scenario];
  const child = createChildSpawner({ command, capAddressSpace }).spawn({
    role: "sandbox",
    sharedBytes: mebibyte,
    addressSpaceBytes: 1024 * mebibyte,
    ...options,
  });
  started.push(child);
  return child;
}

/** The child's next answer. */
export function answerOf(child: Child): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.onWake(() => {
      const bytes = new Int32Array(child.shared)[0]!;
      if (bytes === 0) return;
      const text = new TextDecoder().decode(new Uint8Array(child.shared, 8, bytes).slice());
      new Int32Array(child.shared)[0] = 0;
      resolve(JSON.parse(text));
    });
    void child.exited.then((exit) => reject(new TypeError(`it ended: ${JSON.stringify(exit)}`)));
  });
}

export async function expectGone(pid: number): Promise<void> {
  await expect.poll(() => isRunning(pid), { timeout: 5000, interval: 10 }).toBe(false);
}

/** A zombie, which only waits for its new parent to take note, is not running. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
