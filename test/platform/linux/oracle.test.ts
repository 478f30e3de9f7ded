// This machine's facts against systeminformation's: another pair of eyes on the same kernel.

import si from "systeminformation";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BoardFacts } from "../../../platform/contract/board-facts.ts";
import { openLiveMachine } from "../../../platform/linux/live-machine.ts";
import { probeLinux } from "../../../platform/linux/probe-linux.ts";

const machine = openLiveMachine({
  // No device is asked here.
  proberCommand: ["/bin/false"],
  searchPath: "",
  sandbox: async () => ({ seccomp: true, cgroup: true, reasons: [] }),
});
let facts: BoardFacts;

beforeAll(async () => {
  facts = await probeLinux(machine, { arch: process.arch });
});
afterAll(() => machine[Symbol.dispose]());

describe("live facts are systeminformation's", () => {
  test("for the processor", async () => {
    const cpu = await si.cpu();
    expect(facts.cpu.cores).toBe(cpu.cores);
    // It takes the maker, "(R)" and such out of the name.
    for (const word of cpu.brand.split(/[^\p{L}\p{N}.-]+/u)) expect(facts.cpu.model).toContain(word);
    const flags = new Set(cpu.flags.split(" "));
    for (const feature of ["avx", "avx2", "avx512f", "fma", "sse4_2"]) {
      expect([feature, facts.cpu.features.includes(feature)]).toEqual([feature, flags.has(feature)]);
    }
  });

  test("for the memory, or a container's smaller share", async () => {
    const mem = await si.mem();
    expect(facts.memory.totalBytes).toBeGreaterThan(0);
    expect(facts.memory.totalBytes).toBeLessThanOrEqual(mem.total);
    expect(facts.memory.availableBytes).toBeLessThanOrEqual(facts.memory.totalBytes);
  });

  test("for the storage", async () => {
    const whole = (await si.fsSize()).find(({ mount }) => mount === "/");
    expect(facts.storage?.totalBytes).toBe(whole?.size);
  });

  test("for the kernel and the host", async () => {
    const os = await si.osInfo();
    expect(facts.host.kernel).toBe(os.kernel);
    expect(facts.host.name).toBe(os.hostname);
    expect(facts.host.os).toContain(os.release);
  });

  test("for the board, where there is one to name", async () => {
    const system = await si.system();
    const isBoard = facts.board.model !== undefined && !/container/i.test(system.model);
    expect(isBoard ? system.model : facts.board.model).toBe(facts.board.model);
    const names = facts.absences.map(({ about }) => about);
    expect(names.includes("board")).toBe(facts.board.model === undefined && facts.board.vendor === undefined);
  });

  test("for the network's interfaces that are up", async () => {
    const interfaces = [await si.networkInterfaces()].flat();
    const theirs = interfaces.filter((each) => !each.internal && each.operstate === "up");
    const ours = facts.network.filter(({ isUp }) => isUp).map(({ name }) => name);
    expect(ours).toEqual(expect.arrayContaining(theirs.map(({ iface }) => iface)));
  });
});
