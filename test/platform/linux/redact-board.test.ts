// What leaves a recorded board: nothing that names one machine or one person, and everything that probes need.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSecretFile, redactBoardText } from "../../../platform/linux/redact-board.ts";

const names = { host: "kitchen-cam", user: "alice" };

const removed: readonly [name: string, text: string, left: string][] = [
  [
    "a Raspberry Pi's serial number",
    "Revision\t: d04170\nSerial\t\t: 10000000abcdef01\nModel\t\t: Raspberry Pi 5",
    "Revision\t: d04170\nSerial\t\t: removed\nModel\t\t: Raspberry Pi 5",
  ],
  ["a serial number with other words", "Serial Number: C02XK0ABJG5J", "Serial Number: removed"],
  ["a hardware address", "ether dc:a6:32:0b:0c:0d up", "ether 00:00:00:00:00:00 up"],
  ["one in capitals with dashes", "DC-A6-32-0B-0C-0D", "00-00-00-00-00-00"],
  ["one in an interface's name", "/sys/class/net/wlx00c0ca123456/type", "/sys/class/net/wlx/type"],
  ["an IPv4 address", "from 192.168.178.23:5000", "from 0.0.0.0:5000"],
  ["an IPv6 address", "at fe80::dea6:32ff:fe0b:c0d%eth0.", "at ::."],
  ["a whole IPv6 address", "2001:0db8:85a3:0000:0000:8a2e:0370:7334 is it", ":: is it"],
  [
    "a UUID",
    "root=PARTUUID=1b4e28ba-2fa1-11d2-883f-0016d3cca427 rw",
    "root=PARTUUID=00000000-0000-0000-0000-000000000000 rw",
  ],
  ["a container's id", `/docker/${"4f2d9c1b".repeat(8)}`, "/docker/0"],
  ["a mail address", "(carol.jones@build.example.org) (gcc 12)", "(someone) (gcc 12)"],
  ["somebody's folder", "/home/carol/models/x.so", "/home/user/models/x.so"],
  ["the host's name, however it is spelled", "Linux KITCHEN-CAM 6.6.51", "Linux board 6.6.51"],
  ["the user's name", "/run/media/alice/disk", "/run/media/user/disk"],
];

const kept: readonly string[] = [
  "usb-0000:01:00.0-1.3",
  "usb-xhci-hcd.1-1",
  "0000:01:00.0",
  "platform:1f00110000.csi",
  "13e00000.host1x:nvcsi@15a00000-",
  "fe.admaif@290f000.ADMAIF1 (*)",
  "/base/axi/pcie@1000120000/rp1/i2c@88000/imx708@1a",
  "0::/",
  "0::/user.slice/user-1000.slice",
  "raspberrypi,4-model-b\0brcm,bcm2711\0",
  "ffmpeg version 5.1.6-0+deb12u1+rpt1 Copyright (c) 2000-2024",
  "libavcodec     59. 37.100 / 59. 37.100",
  "NVIDIA GeForce RTX 3060, 12288, 11621, 535.216.01, 8.6",
  "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, DATE: Wed Jan  8 01:49:37 UTC 2025",
  "6.6.51+rpt-rpi-v8",
  "    Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]",
  "UVC Camera (046d:0825)",
  "MODALIAS=of:Nv3dT(null)Cbrcm,2711-v3d",
  "malice in 12:34:56",
];

describe("redacting a board", () => {
  test.each(removed)("takes out %s", (_, text, left) => {
    expect(redactBoardText(text, names)).toBe(left);
  });

  test.each(kept)("leaves %j", (text) => {
    expect(redactBoardText(text, names)).toBe(text);
  });

  test("leaves names that every such board has, and names too short to be words", () => {
    const text = "raspberrypi,4-model-b and pi and x";
    expect(redactBoardText(text, { host: "raspberrypi", user: "pi" })).toBe(text);
    expect(redactBoardText(text, { host: "x", user: "" })).toBe(text);
    const path = "/sys/class/net/eth0/device/driver";
    expect(redactBoardText(path, { host: "sys", user: "net" })).toBe(path);
  });

  test("finds no hardware address in anything that it has gone over, and changes nothing the second time", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "dc:a6:32:0b:0c:0d",
        "10.0.0.1",
        "fe80::1",
        ":",
        ".",
        " ",
        "\n",
        "Serial: ",
        "enx001122334455",
      ),
      fc.string({ maxLength: 6 }),
      fc.stringMatching(/^[0-9a-f:.-]{0,12}$/),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const once = redactBoardText(pieces.join(" "), names);
        expect(redactBoardText(once, names)).toBe(once);
        expect(once).not.toMatch(/(?<![\w:.-])(?!00:00:00:00:00:00)([0-9a-f]{2}:){5}[0-9a-f]{2}(?![\w:])/i);
      }),
    );
  });

  test("takes no longer than a moment over a long line of nearly addresses", () => {
    const began = performance.now();
    redactBoardText("0:".repeat(60_000), names);
    redactBoardText("1.".repeat(60_000), names);
    redactBoardText("a".repeat(120_000), names);
    redactBoardText("a@".repeat(60_000), names);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test("knows files with nothing but a secret", () => {
    for (const path of [
      "/sys/class/net/eth0/address",
      "/sys/class/dmi/id/product_serial",
      "/proc/device-tree/serial-number",
      "/sys/class/dmi/id/product_uuid",
      "/etc/machine-id",
      "/proc/cmdline",
    ]) {
      expect(isSecretFile(path), path).toBe(true);
    }
    for (const path of ["/sys/class/dmi/id/product_name", "/proc/cpuinfo", "/sys/class/net/eth0/type"]) {
      expect(isSecretFile(path), path).toBe(false);
    }
  });
});
