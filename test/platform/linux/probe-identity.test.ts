// Which board and host this is: device trees, DMI with its placeholders, os-release, containers.
import { describe, expect, test } from "vitest";
import { probeBoard } from "../../../platform/linux/probe-board.ts";
import { probeHost } from "../../../platform/linux/probe-host.ts";
import { boardMachine } from "../../support/board-machine.ts";

const tree = "/proc/device-tree";
const dmi = "/sys/class/dmi/id";
const boardOf = async (files: Record<string, string | Uint8Array>) =>
  (await probeBoard(boardMachine({ files }))).board;
const hostOf = async (files: Record<string, string>) => (await probeHost(boardMachine({ files }))).host;

describe("the board", () => {
  test("is a Raspberry Pi by its device tree, with the revision code of its firmware", async () => {
    const board = await boardOf({
      [`${tree}/model`]: "Raspberry Pi 4 Model B Rev 1.4\0",
      [`${tree}/compatible`]: "raspberrypi,4-model-b\0brcm,bcm2711\0",
      [`${tree}/system/linux,revision`]: new Uint8Array([0x00, 0xc0, 0x31, 0x14]),
    });
    const model = "Raspberry Pi 4 Model B";
    expect(board).toEqual({ vendor: "Raspberry Pi", model, revision: "c03114", family: "raspberrypi" });
  });

  test("has the revision code of cpuinfo where the device tree has none", async () => {
    const board = await boardOf({
      [`${tree}/model`]: "Raspberry Pi 3 Model B Plus Rev 1.3\0",
      [`${tree}/compatible`]: "raspberrypi,3-model-b-plus\0brcm,bcm2837\0",
      "/proc/cpuinfo": "processor\t: 0\nCPU revision\t: 4\n\nRevision\t: a020d3\nModel\t\t: Raspberry Pi 3\n",
    });
    expect(board?.revision).toBe("a020d3");
  });

  test("is a Jetson by the chip that its device tree names", async () => {
    const board = await boardOf({
      [`${tree}/model`]: "NVIDIA Jetson Nano Developer Kit\0",
      [`${tree}/compatible`]: "nvidia,p3450-0000\0nvidia,jetson-nano\0nvidia,tegra210\0",
    });
    expect(board).toEqual({
      vendor: "NVIDIA",
      model: "NVIDIA Jetson Nano Developer Kit",
      revision: undefined,
      family: "jetson",
    });
  });

  test("is of another family, with the model's own revision, where it is neither", async () => {
    const board = await boardOf({
      [`${tree}/model`]: "Orange Pi 5 Rev 1.2\0",
      [`${tree}/compatible`]: "xunlong,orangepi-5\0rockchip,rk3588s\0",
    });
    expect(board).toMatchObject({ vendor: "Orange Pi", model: "Orange Pi 5", revision: "1.2" });
    expect(board?.family).toBe("other");
  });

  test("is a PC by DMI, and placeholders of firmware aren't names", async () => {
    const board = await boardOf({
      [`${dmi}/sys_vendor`]: "To Be Filled By O.E.M.\n",
      [`${dmi}/product_name`]: "System Product Name\n",
      [`${dmi}/product_version`]: "Default string\n",
      [`${dmi}/board_vendor`]: "ASRock\n",
      [`${dmi}/board_name`]: "B550M Pro4\n",
      [`${dmi}/board_version`]: "x.x\n",
    });
    expect(board).toEqual({ vendor: "ASRock", model: "B550M Pro4", revision: undefined, family: "pc" });
  });

  test("of Lenovo is called by the model that stands where others have the version", async () => {
    const board = await boardOf({
      [`${dmi}/sys_vendor`]: "LENOVO\n",
      [`${dmi}/product_name`]: "20XW004AUS\n",
      [`${dmi}/product_version`]: "ThinkPad X1 Carbon Gen 9\n",
    });
    expect(board?.model).toBe("ThinkPad X1 Carbon Gen 9");
  });

  test("that nothing names is an absence", async () => {
    const found = await probeBoard(boardMachine({ files: { [`${dmi}/product_name`]: "N/A" } }));
    expect(found.board).toBeUndefined();
    expect(found.absences).toMatchObject([{ about: "board", code: "not-present" }]);
  });

  test("never gives a serial number", async () => {
    const found = await probeBoard(
      boardMachine({
        files: {
          [`${tree}/model`]: "Raspberry Pi 5 Model B Rev 1.0\0",
          [`${tree}/serial-number`]: "5e41a7e0\0",
          [`${dmi}/product_serial`]: "5e41a7e0",
          "/proc/cpuinfo": "Serial\t\t: 5e41a7e0\n",
        },
      }),
    );
    expect(JSON.stringify(found)).not.toContain("5e41a7e0");
  });
});

describe("the host", () => {
  test("has its name, kernel and system", async () => {
    const host = await hostOf({
      "/proc/sys/kernel/hostname": "porch\n",
      "/proc/sys/kernel/osrelease": "6.12.20+rpt-rpi-v8\n",
      "/etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian \\"12\\" (bookworm)"\n',
    });
    expect(host).toEqual({
      name: "porch",
      kernel: "6.12.20+rpt-rpi-v8",
      os: 'Debian "12" (bookworm)',
      container: undefined,
    });
  });

  test.each([
    ["docker", { "/.dockerenv": "" }],
    ["podman", { "/run/.containerenv": "", "/.dockerenv": "" }],
    ["lxc", { "/run/systemd/container": "lxc\n" }],
    ["kubernetes", { "/proc/1/cgroup": "0::/kubepods/besteffort/pod1/a\n" }],
    ["docker", { "/proc/1/cgroup": "4:memory:/docker/0123abcd\n0::/\n" }],
    [undefined, { "/proc/1/cgroup": "0::/init.scope\n" }],
  ])("is a container of %s", async (container, files: Record<string, string>) => {
    expect((await hostOf(files))?.container).toBe(container);
  });

  test("can't break out of its line", async () => {
    const host = await hostOf({ "/etc/hostname": "a\u001b[2J\u202eb\nc" });
    expect(host?.name).toBe("a [2J b c");
  });
});
