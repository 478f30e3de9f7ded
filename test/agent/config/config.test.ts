// The settings out of an environment: their defaults, their bounds, and what is refused.
import { describe, expect, it } from "vitest";
import { readConfig } from "../../../agent/config/config.ts";

describe("readConfig", () => {
  it("has a default for everything, and ignores what isn't ours", () => {
    expect(readConfig({ HOME: "/home/board", PATH: "/bin" })).toEqual({
      homeFolder: "/home/board/.remotemedia",
      emulator: [],
      cgroup: undefined,
      cpuPercent: undefined,
    });
  });

  it("takes what is set", () => {
    const environment = {
      REMOTEMEDIA_HOME: "/var/lib/remotemedia",
      REMOTEMEDIA_EMULATOR: "qemu-aarch64-static  -L /usr/aarch64-linux-gnu",
      REMOTEMEDIA_CGROUP: "/boards/remotemedia.slice",
      REMOTEMEDIA_CPU_PERCENT: "150",
    };
    expect(readConfig(environment)).toEqual({
      homeFolder: "/var/lib/remotemedia",
      emulator: ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
      cgroup: "/boards/remotemedia.slice",
      cpuPercent: 150,
    });
  });

  it.each([
    ["REMOTEMEDIA_CGROUP", "relative"],
    ["REMOTEMEDIA_CGROUP", "/"],
    ["REMOTEMEDIA_CGROUP", "/a//b"],
    ["REMOTEMEDIA_CGROUP", "/a/../b"],
    ["REMOTEMEDIA_CPU_PERCENT", "0"],
    ["REMOTEMEDIA_CPU_PERCENT", "1.5"],
    ["REMOTEMEDIA_CPU_PERCENT", "all"],
    ["REMOTEMEDIA_HOME", ""],
    ["REMOTEMEDIA_HOMES", "/x"],
  ])("refuses %s=%s", (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
