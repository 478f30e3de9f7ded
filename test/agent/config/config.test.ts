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
      passphrase: undefined,
      caFile: undefined,
      plainHttpHosts: [],
    });
  });

  it("takes what is set", () => {
    const environment = {
      REMOTEMEDIA_HOME: "/var/lib/remotemedia",
      REMOTEMEDIA_EMULATOR: "qemu-aarch64-static  -L /usr/aarch64-linux-gnu",
      REMOTEMEDIA_CGROUP: "/boards/remotemedia.slice",
      REMOTEMEDIA_CPU_PERCENT: "150",
      REMOTEMEDIA_PASSPHRASE: "",
      REMOTEMEDIA_CA_FILE: "/etc/registry.pem",
      REMOTEMEDIA_PLAIN_HTTP: "10.0.0.7:5000,registry",
    };
    expect(readConfig(environment)).toEqual({
      homeFolder: "/var/lib/remotemedia",
      emulator: ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
      cgroup: "/boards/remotemedia.slice",
      cpuPercent: 150,
      passphrase: "",
      caFile: "/etc/registry.pem",
      plainHttpHosts: ["10.0.0.7:5000", "registry"],
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
    ["REMOTEMEDIA_CA_FILE", ""],
    ["REMOTEMEDIA_PLAIN_HTTP", "a, b"],
  ])("refuses %s=%s", (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
