// What a confined child can't do, and what it still can: tried from inside, and seen from outside.
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { answerOf, startChild } from "./children.ts";
import type { Findings } from "./fixtures/forbidden.ts";

let findings: Findings;

describe("a confined child", () => {
  beforeAll(async () => {
    findings = (await answerOf(startChild("confined"))) as Findings;
  });

  it("says that it is", () => {
    expect(findings.confinement).toEqual({ seccomp: true });
  });

  it("gets EPERM for every call that reaches out", () => {
    const others = Object.entries(findings.raw).filter(([, result]) => result !== "EPERM");
    expect(others).toEqual([]);
    expect(Object.keys(findings.raw).length).toBeGreaterThan(20);
  });

  it("can't do by Bun what it can't do by itself", () => {
    const { "read a file": read, "open a device": open, "write a file": write, ...others } = findings.refused;
    expect([read, open, write]).toEqual(["EPERM", "EPERM", "EPERM"]);
    // What Bun makes of its own system calls being refused is its business; that nothing comes of it is ours.
    expect(Object.keys(others)).toEqual(["start a program", "listen on a port"]);
    expect(Object.values(others)).not.toContain("done");
  });

  it("can compute, grow, compile, collect, wait and draw random numbers", () => {
    expect(Object.entries(findings.working).filter(([, result]) => result !== "done")).toEqual([]);
    expect(Object.keys(findings.working)).toHaveLength(8);
  });
});

it("the filter holds on every thread of the child, and no privileges can be gained", async () => {
  const child = startChild("confined-loop");
  expect(await answerOf(child)).toEqual({ seccomp: true });
  const tasks = readdirSync(`/proc/${child.pid}/task`);
  expect(tasks.length).toBeGreaterThan(0);
  for (const task of tasks) {
    const status = readFileSync(`/proc/${child.pid}/task/${task}/status`, "utf8");
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
  }
});
