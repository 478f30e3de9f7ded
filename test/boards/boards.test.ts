// The boards on file: what the program says of each, whole and in what matters to its owner.
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CapabilityStatement, parseStatement } from "../../agent/capability/statement.ts";
import { judgePower } from "../../agent/main/examine-power.ts";
import { openRecordedMachine } from "../../platform/linux/recorded-machine.ts";
import { recordBoard } from "../../platform/linux/recording-machine.ts";
import { Scratch } from "../system/program.ts";
import { lookAt } from "./look-at.ts";

const folder = import.meta.dirname;
const boards = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const statements = new Map<string, CapabilityStatement>();
let scratch: Scratch;

beforeAll(async () => {
  scratch = new Scratch();
  await Promise.all(boards.map(readStatement));
});
afterAll(() => scratch[Symbol.dispose]());

async function readStatement(board: string): Promise<void> {
  const { statement } = await lookAt(await openRecordedMachine(join(folder, board)));
  statements.set(board, statement);
}

function of(board: string): CapabilityStatement {
  return statements.get(board)!;
}

function cameras(board: string): string[] {
  return of(board).devices.cameras.map(({ name }) => name);
}

function sounds(board: string, kind: "microphones" | "speakers"): string[] {
  return of(board).devices[kind].map(({ name }) => name);
}

/** What hardware does. */
function hardware(codecs: Readonly<Record<string, string>>): string[] {
  return Object.keys(codecs).filter((codec) => codecs[codec] === "hardware");
}

/** The sentences about a thing. */
function said(board: string, about: string): string {
  const absences = of(board).absent.filter((absence) => absence.about === about);
  return absences.map(({ detail, mend }) => `${detail} ${mend ?? ""}`).join("\n");
}

describe.each(boards)("%s", (board) => {
  const root = join(folder, board);

  test("is told by the program as its golden statement says, byte for byte", async () => {
    const { exitCode, stdout, stderr } = await scratch.run(["probe", "--json", "--root", root]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toBe(readFileSync(join(root, "statement.json"), "utf8"));
    expect(parseStatement(JSON.parse(stdout))).toEqual(of(board));
  });

  test("gives the same facts when it is recorded from its record", async () => {
    const recorder = recordBoard(await openRecordedMachine(root));
    const { facts } = await lookAt(recorder.machine);
    const target = scratch.file(`record-of-${board}`);
    await recorder.save(target, {});
    expect((await lookAt(await openRecordedMachine(target))).facts).toEqual(facts);
  });

  test("names its sources, holds no serial number and no address, and is small", () => {
    const about = JSON.parse(readFileSync(join(root, "board.json"), "utf8"));
    expect(about.sources.length).toBeGreaterThan(2);
    expect(existsSync(join(root, "README.md"))).toBe(true);
    const secrets = String.raw`^serial\s*:|\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b|\b(10|172|192)(\.[0-9]{1,3}){3}\b`;
    expect(Bun.spawnSync(["grep", "-raiE", secrets, root]).stdout.toString()).toBe("");
    const size = Bun.spawnSync(["du", "-sb", "--apparent-size", root]).stdout.toString();
    expect(Number.parseInt(size, 10)).toBeLessThan(2 ** 20);
  });
});

describe("Raspberry Pi", () => {
  test("a CSI camera is one camera beside the USB camera; codec, ISP, metadata and raw nodes are none", () => {
    expect(cameras("raspberrypi-3b-plus")).toEqual(["imx219", "UVC Camera (046d:0825)"]);
    expect(cameras("raspberrypi-4")).toEqual(["imx477", "HD Pro Webcam C920"]);
    expect(cameras("raspberrypi-5")).toEqual(["imx708", "HD Pro Webcam C920"]);
    expect(cameras("raspberrypi-zero-2w")).toEqual(["imx708", "UVC Camera (046d:0825)"]);
  });

  test("a CSI camera gives finished pictures, by libcamera, at the sensor's rates", () => {
    const csi = of("raspberrypi-4").devices.cameras[0]!;
    const full = csi.formats.find(({ pixel, width }) => pixel === "YU12" && width === 1920);
    expect(full).toMatchObject({ height: 1080 });
    expect(full!.fps[0]).toBe(50.03);
    expect(said("raspberrypi-4", "devices.cameras")).toBe("");
  });

  test("a Raspberry Pi without libcamera's programs says why its CSI camera isn't there, and what to do", async () => {
    const copy = scratch.file("without-libcamera");
    cpSync(join(folder, "raspberrypi-5"), copy, { recursive: true, verbatimSymlinks: true });
    Bun.spawnSync(["rm", join(copy, "answers/programs/rpicam-hello_--list-cameras.txt")]);
    const { statement } = await lookAt(await openRecordedMachine(copy));
    expect(statement.devices.cameras.map(({ name }) => name)).toEqual(["HD Pro Webcam C920"]);
    const absence = statement.absent.find(({ about }) => about === "devices.cameras");
    expect(absence).toMatchObject({
      detail: expect.stringContaining("imx708"),
      mend: expect.stringContaining("rpicam-apps"),
    });
  });

  test("models before the 5 encode H.264 in hardware", () => {
    for (const board of ["raspberrypi-3b-plus", "raspberrypi-4", "raspberrypi-zero-2w"]) {
      expect(hardware(of(board).encoders), board).toEqual(["h264"]);
      expect(of(board).codecs["h264"], board).toBe("hardware");
    }
  });

  test("a Raspberry Pi 5 encodes nothing in hardware, decodes HEVC, and says so of H.264", () => {
    expect(hardware(of("raspberrypi-5").encoders)).toEqual([]);
    expect(hardware(of("raspberrypi-5").codecs)).toEqual(["hevc"]);
    expect(said("raspberrypi-5", "codecs.h264")).toContain("no H.264 codec in hardware");
  });

  test("NVENC and VAAPI that FFmpeg lists everywhere make no hardware of a Raspberry Pi", () => {
    const list = readFileSync(
      join(folder, "raspberrypi-4/answers/programs/ffmpeg_-hide_banner_-codecs.txt"),
      "utf8",
    );
    expect(list).toContain("hevc_nvenc");
    expect(of("raspberrypi-4").encoders["hevc"]).toBe("software");
  });

  test("a revision code is read out, and a serial number isn't", () => {
    expect(of("raspberrypi-4").board).toEqual({
      vendor: "Raspberry Pi",
      model: "Raspberry Pi 4 Model B",
      revision: "1.4, 4 GB, Sony UK (c03114)",
    });
  });

  test("what held the processor back since boot is no throttling now", async () => {
    const { facts } = await lookAt(await openRecordedMachine(join(folder, "raspberrypi-4")));
    expect(facts.thermal.throttling).toEqual({ now: [], sinceBoot: ["under-voltage", "throttled"] });
    expect(of("raspberrypi-4").thermal.throttled).toEqual([]);
  });

  test("a supply that was too weak since boot stays in the statement, and the doctor says what to use instead", async () => {
    expect(of("raspberrypi-4").thermal.throttled_since_boot).toEqual(["throttled", "under-voltage"]);
    const { facts } = await lookAt(await openRecordedMachine(join(folder, "raspberrypi-4")));
    expect(judgePower(facts.thermal)).toMatchObject([
      { status: "warn", mend: "use the power supply made for the board, and a short cable" },
    ]);
    for (const board of ["raspberrypi-3b-plus", "raspberrypi-5", "raspberrypi-zero-2w"]) {
      expect(of(board).thermal.throttled_since_boot, board).toEqual([]);
    }
  });

  test("a memory controller that is switched off is mended in cmdline.txt, not by systemd", () => {
    for (const board of boards.filter((name) => name.startsWith("raspberrypi"))) {
      expect(said(board, "sandbox.cgroup"), board).toContain("cgroup_enable=memory");
    }
  });
});

describe("Jetson", () => {
  test("an Orin Nano has CUDA and no encoder, and says so", () => {
    expect(of("jetson-orin-nano").gpu).toMatchObject([{ type: "cuda", memory_shared: true }]);
    expect(hardware(of("jetson-orin-nano").encoders)).toEqual([]);
    expect(said("jetson-orin-nano", "codecs")).toContain("has no video encoder");
  });

  test("the audio hub's devices, with nothing wired to them, are neither microphones nor speakers", () => {
    expect(sounds("jetson-orin-nano", "microphones")).toEqual([
      "HD Pro Webcam C920",
      "Sound server (PulseAudio)",
    ]);
    expect(sounds("jetson-nano", "microphones").join()).not.toContain("t210ref");
    expect(sounds("jetson-nano", "speakers")[0]).toContain("HDMI");
  });

  test("a CSI camera that gives raw Bayer only is no camera, and says which it is", () => {
    expect(cameras("jetson-nano")).toEqual(["UVC Camera (046d:0825)"]);
    expect(said("jetson-nano", "devices.cameras")).toContain("imx219");
    expect(said("jetson-orin-nano", "devices.cameras")).toContain("imx219");
  });

  test("JetPack 4's FFmpeg is too old, and the statement says so rather than list codecs", () => {
    expect(of("jetson-nano").codecs).toEqual({});
    expect(said("jetson-nano", "codecs")).toContain("3.4.11");
  });

  test("the power chip's zone, which always says 100 °C, isn't the board's temperature", () => {
    expect(of("jetson-nano").thermal.celsius).toBeLessThan(60);
  });
});

describe("PCs", () => {
  test("firmware that never filled in its form gives the board's name instead of 'System Product Name'", () => {
    expect(of("x86-nvidia").board).toMatchObject({ vendor: "ASUS", model: "TUF GAMING B550-PLUS" });
  });

  test("an NVIDIA card has memory of its own, computes, and encodes what its generation does", () => {
    expect(of("x86-nvidia").gpu).toMatchObject([
      { type: "cuda", model: "GeForce RTX 3060", memory_gb: 12, memory_shared: false },
    ]);
    expect(hardware(of("x86-nvidia").encoders)).toEqual(["h264", "hevc"]);
    expect(of("x86-nvidia").codecs["av1"]).toBe("hardware");
  });

  test("a microphone that the sound server holds stays a microphone, and says who to ask", () => {
    expect(sounds("x86-nvidia", "microphones")).toContain("HD-Audio Generic: ALC1200 Analog");
    expect(sounds("x86-nvidia", "microphones")).toContain("Sound server (PipeWire)");
    expect(said("x86-nvidia", "devices.microphones")).toContain("in use");
  });

  test("a machine with nothing says of each thing why it isn't there", () => {
    const { devices, gpu, codecs } = of("nothing");
    expect({ devices, gpu, codecs }).toEqual({
      devices: { cameras: [], microphones: [], speakers: [] },
      gpu: [],
      codecs: {},
    });
    for (const about of ["codecs", "devices.cameras", "devices.microphones", "devices.speakers"]) {
      expect(said("nothing", about), about).not.toBe("");
    }
    expect(said("nothing", "codecs")).toContain("apt install ffmpeg");
  });

  test("in a container nobody plugs anything in: the mends say what to start it with", () => {
    expect(said("container", "devices.cameras")).toContain("docker run --device /dev/video0");
    for (const about of ["devices.microphones", "devices.speakers"]) {
      expect(said("container", about), about).toContain("docker run --device /dev/snd --group-add audio");
      expect(said("container", about), about).not.toContain("Plug in");
    }
  });

  test("in a container the memory and the processors are the cgroup's, not the host's", () => {
    expect(of("container").memory_gb).toBe(0.5);
    expect(of("container").sandbox.max_memory_mb).toBe(512);
    expect(of("container").cpu.cores).toBe(2);
  });
});
