// The page that people see of a machine, and the lines on what has changed.
import { describe, expect, it } from "vitest";
import { changedParts } from "../../../agent/capability/statement-change.ts";
import { formatBoard, formatChange } from "../../../agent/cli/board-page.ts";
import type { ThrottleCause } from "../../../platform/contract/board-facts.ts";
import { boardFacts, boardStatement } from "../capability/facts-fixture.ts";

const host = boardFacts().host;

describe("formatBoard", () => {
  it("says what there is, part by part, then what is missing and the mend", () => {
    expect(formatBoard(boardStatement(), host)).toEqual([
      "porch: Raspberry Pi 4 Model B 1.4 (Debian 12, Linux 6.6.31)",
      "  cpu          Cortex-A72, 4 × aarch64 (fp16 neon)",
      "  load         cpu 25 %, memory 25 %",
      "  memory       8 GiB",
      "  storage      20.99 GiB free",
      "  temperature  48.7 °C, held back since boot: under-voltage",
      "  gpu          VideoCore VI: vulkan, v3d, memory 2 GiB shared",
      "  cameras      USB Camera [usb-1]",
      "                 YUYV 640×480 30/s",
      "  microphones  USB Microphone [alsa-mic-0]: up to 1 channel, 8000 to 48000 Hz",
      "  speakers     none",
      "  decodes      in hardware: h264",
      "               in software: hevc aac",
      "  encodes      in software: h264 aac",
      "  frameworks   onnx 1.20.0",
      "  network      eth0: ethernet, up, 1000 Mbit/s",
      "  sandbox      seccomp, no cgroups, up to 256 MiB a node",
      "",
      "What is missing, and why:",
      "  devices.speakers: /dev/snd/pcmC0D0p can't be opened by this user",
      "    → sudo usermod -aG audio $USER",
    ]);
  });

  it("says what holds the board back now, and of the time before only what has ended since", () => {
    const line = (now: ThrottleCause[], sinceBoot: ThrottleCause[]) =>
      formatBoard(
        boardStatement({ thermal: { celsius: 80, throttling: { now, sinceBoot }, power: undefined } }),
        host,
      ).find((text) => text.includes("temperature"));
    expect(line([], [])).toBe("  temperature  80 °C");
    expect(line(["throttled"], ["throttled"])).toBe("  temperature  80 °C, held back now: throttled");
    expect(line(["throttled"], ["under-voltage", "throttled"])).toBe(
      "  temperature  80 °C, held back now: throttled, held back since boot: under-voltage",
    );
  });

  it("names the first dozen of many codecs, and how many more there are", () => {
    const names = Array.from({ length: 15 }, (_, at) => `codec${at}`);
    const statement = {
      ...boardStatement(),
      codecs: Object.fromEntries(names.map((name) => [name, "software" as const])),
    };
    const line = formatBoard(statement, host).find((text) => text.includes("decodes"));
    expect(line).toBe(`  decodes      in software: ${names.slice(0, 12).join(" ")} and 3 more`);
  });

  it("says unknown where that is all that is known, and names the container", () => {
    const lines = formatBoard(
      boardStatement({
        board: { vendor: undefined, model: undefined, revision: undefined, family: "other" },
        thermal: { celsius: undefined, throttling: undefined, power: undefined },
        storage: undefined,
        absences: [],
      }),
      { os: undefined, kernel: "6.1", container: "docker" },
    );
    expect(lines[0]).toBe("porch: an unknown board (Linux 6.1, in docker)");
    expect(lines).toContain("  temperature  unknown");
    expect(lines).toContain("  storage      unknown");
    expect(lines).not.toContain("What is missing, and why:");
  });

  it("shows of each pixel format the largest picture at its highest rate", () => {
    const [camera] = boardFacts().cameras;
    const format = (pixel: string, width: number, fps: number[]) => ({ pixel, width, height: 480, fps });
    const formats = [format("MJPG", 640, [60]), format("MJPG", 1280, [15, 30]), format("YUYV", 640, [])];
    const lines = formatBoard(boardStatement({ cameras: [{ ...camera!, formats }] }), host);
    expect(lines).toContain("                 MJPG 1280×480 30/s, YUYV 640×480");
  });
});

describe("formatChange", () => {
  it("says what came and went, then the parts as they are now", () => {
    const [before, after] = [boardStatement(), boardStatement({ cameras: [], absences: [] })];
    const back = formatChange(after, before, changedParts(after, before));
    expect(formatChange(before, after, changedParts(before, after))).toEqual([
      "03:04:05 - camera USB Camera",
      "  cameras      none",
    ]);
    expect(back[0]).toBe("03:04:05 + camera USB Camera");
    expect(back).toContain("    → sudo usermod -aG audio $USER");
  });

  it("names the parts where no device came or went", () => {
    const before = boardStatement();
    const after = { ...before, load: { ...before.load, cpu: 0.9 } };
    expect(formatChange(before, after, ["load"])).toEqual([
      "03:04:05 changed: load",
      "  load         cpu 90 %, memory 25 %",
    ]);
  });
});
