// Deadlines: what is late is given up, and a process that stood still itself doesn't take others for late.
import { describe, expect, it } from "vitest";
import { within } from "../../../platform/linux/within.ts";

const never = new Promise<string>(() => {});

describe("within", () => {
  it("gives what comes in time, and the other for what fails or never comes", async () => {
    expect(await within(Promise.resolve("come"), 1000, "late")).toBe("come");
    expect(await within(Promise.reject(new TypeError("broken")), 1000, "late")).toBe("late");
    const began = performance.now();
    expect(await within(never, 40, "late")).toBe("late");
    expect(performance.now() - began).toBeGreaterThanOrEqual(35);
  });

  it("hears what has come while this process stood still for longer than the deadline", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const answer = within(promise, 100, "late");
    // Due a little after the deadline: both are overdue when this process goes on.
    setTimeout(() => resolve("come"), 120);
    Bun.sleepSync(400);
    expect(await answer).toBe("come");
  });
});
