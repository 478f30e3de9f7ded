// What a Raspberry Pi's own means add to the facts: revision, throttling, libcamera, VideoCore.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Absence, BoardFacts, GpuFacts } from "../../../platform/contract/board-facts.ts";
import { refineRaspberryPi } from "../../../platform/raspberrypi/refine-raspberry-pi.ts";
import { type BoardRecord, boardMachine } from "../../support/board-machine.ts";
import { boardFacts } from "../board-facts.ts";

const pi = boardFacts({
  board: {
    vendor: "Raspberry Pi",
    model: "Raspberry Pi 4 Model B",
    revision: "c03112",
    family: "raspberrypi",
  },
});
// https://www.raspberrypi.com/documentation/computers/camera_software.html, --list-cameras
const list = `Available cameras
-----------------
0 : imx477 [4056x3040 12-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx477@1a)
    Modes: 'SRGGB10_CSI2P' : 1332x990 [120.05 fps - (696, 528)/2664x1980 crop]
           'SRGGB12_CSI2P' : 2028x1080 [50.03 fps - (0, 440)/4056x2160 crop]
                             2028x1520 [40.01 fps - (0, 0)/4056x3040 crop]
                             4056x3040 [10.00 fps - (0, 0)/4056x3040 crop]

1 : imx708_wide [4608x2592 10-bit RGGB] (/base/soc/i2c0mux/i2c@0/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
                             4608x2592 [14.35 fps - (0, 0)/4608x2592 crop]
`;
const raw: Absence = { about: "devices.cameras", code: "not-supported", detail: "raw", mend: "rpicam-apps" };
const cpuinfo = (code: string): Record<string, string> => ({
  "/proc/cpuinfo": `processor\t: 0\n\nRevision\t: ${code}\nModel\t\t: Raspberry Pi 4 Model B Rev 1.2\n`,
});

function refine(record: BoardRecord, facts: BoardFacts = pi): Promise<BoardFacts> {
  return refineRaspberryPi(boardMachine(record), facts);
}

test("another board's facts stay as they are", async () => {
  const facts = boardFacts({});
  expect(await refine({ programs: { "rpicam-hello --list-cameras": list } }, facts)).toBe(facts);
});

// https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#raspberry-pi-revision-codes
test.each([
  ["c03112", "1.2, 4 GB, Sony UK (c03112)"],
  ["a020d3", "1.3, 1 GB, Sony UK (a020d3)"],
  ["902120", "1.0, 512 MB, Sony UK (902120)"],
  ["e04171", "1.1, 16 GB, Sony UK (e04171)"],
  ["2a22082", "1.2, 1 GB, Embest (2a22082)"],
  ["000d", "2.0, 512 MB, Egoman (000d)"],
  ["1000002", "1.0, 256 MB, Egoman (1000002)"],
  ["0001", "0001"],
])("revision code %s", async (code, revision) => {
  expect((await refine({ files: cpuinfo(code) })).board).toEqual({ ...pi.board, revision });
});

test("the revision of the device tree serves where /proc/cpuinfo has none; a nameless board is named by its type", async () => {
  const files = { "/proc/device-tree/system/linux,revision": new Uint8Array([0x00, 0xd0, 0x41, 0x70]) };
  const nameless = { ...pi, board: { ...pi.board, model: undefined } };
  expect((await refine({ files }, nameless)).board).toMatchObject({
    model: "Raspberry Pi 5",
    revision: "1.0, 8 GB, Sony UK (d04170)",
  });
});

describe("throttling", () => {
  test.each([
    ["throttled=0x0\n", [], []],
    ["throttled=0x50005\n", ["under-voltage", "throttled"], ["under-voltage", "throttled"]],
    [
      "throttled=0xe0008\n",
      ["soft-temperature-limit"],
      ["frequency-capped", "throttled", "soft-temperature-limit"],
    ],
  ])("vcgencmd says %j", async (said, now, sinceBoot) => {
    const { thermal } = await refine({ programs: { "vcgencmd get_throttled": said } });
    expect(thermal.throttling).toEqual({ now, sinceBoot });
  });

  test("the kernel says it where vcgencmd may not ask", async () => {
    const file = "/sys/devices/platform/soc/soc:firmware/get_throttled";
    const programs = {
      "vcgencmd get_throttled": { ok: false, code: "unreadable", detail: "no /dev/vcio" },
    } as const;
    const { thermal } = await refine({ programs, files: { [file]: "50000\n" } });
    expect(thermal.throttling).toEqual({ now: [], sinceBoot: ["under-voltage", "throttled"] });
  });

  test("is unknown where neither does", async () => {
    const programs = { "vcgencmd get_throttled": "VCHI initialization failed\n" };
    expect((await refine({ programs })).thermal.throttling).toBeUndefined();
  });
});

describe("libcamera's cameras", () => {
  test("are listed with what the image processor gives, then the sensor's modes, and replace the raw receiver", async () => {
    const facts = { ...pi, absences: [raw] };
    const { cameras, absences } = await refine({ programs: { "rpicam-hello --list-cameras": list } }, facts);
    expect(cameras.map(({ id, name, api, bus, path }) => [id, name, api, bus, path])).toEqual([
      ["csi-i2c-1-imx477-1a", "imx477", "libcamera", "csi", "0"],
      ["csi-i2c-0-imx708-1a", "imx708_wide", "libcamera", "csi", "1"],
    ]);
    const of = (pixel: string, width: number) =>
      cameras[0]!.formats.find((format) => format.pixel === pixel && format.width === width);
    expect(of("YU12", 1280)!.fps.slice(0, 4)).toEqual([120.05, 120, 60, 50]);
    expect(of("YU12", 1920)).toEqual({
      pixel: "YU12",
      width: 1920,
      height: 1080,
      fps: [50.03, 50, 30, 25, 24, 20, 15, 10, 5, 1],
    });
    expect(of("YU12", 4056)!.fps[0]).toBe(10);
    expect(of("YU12", 3840)!.fps[0]).toBe(10);
    // The sensor's raw modes aren't pictures that anybody could take.
    expect(new Set(cameras.flatMap(({ formats }) => formats.map(({ pixel }) => pixel)))).toEqual(
      new Set(["YU12"]),
    );
    expect(absences).toEqual([]);
  });

  test("stand before USB cameras, which stay", async () => {
    const usb = {
      id: "usb-1-1.3-1.0",
      name: "C920",
      bus: "usb",
      api: "v4l2",
      path: "/dev/video0",
      formats: [],
    } as const;
    const { cameras } = await refine(
      { programs: { "libcamera-hello --list-cameras": list } },
      { ...pi, cameras: [usb], absences: [raw] },
    );
    expect(cameras.map(({ id }) => id)).toEqual([
      "csi-i2c-1-imx477-1a",
      "csi-i2c-0-imx708-1a",
      "usb-1-1.3-1.0",
    ]);
  });

  // https://github.com/raspberrypi/documentation/pull/2587, before
  test("of older programs come without rates", async () => {
    const old = `Available cameras
-----------------
0 : imx219 [3280x2464] (/base/soc/i2c0mux/i2c@1/imx219@10)
    Modes: 'SRGGB10_CSI2P' : 640x480 1640x1232 1920x1080 3280x2464 
           'SRGGB8' : 640x480 1640x1232 1920x1080 3280x2464 
`;
    const facts = { ...pi, absences: [raw] };
    const { cameras } = await refine({ programs: { "libcamera-hello --list-cameras": old } }, facts);
    const [first] = cameras[0]!.formats;
    expect(first).toMatchObject({ pixel: "YU12", fps: [] });
    expect(cameras[0]!.formats.at(-1)).toEqual({ pixel: "YU12", width: 3280, height: 2464, fps: [] });
  });

  test("aren't asked for where no node is a sensor's, for that takes long", async () => {
    const none: Absence = { ...raw, code: "not-present" };
    const programs = { "rpicam-hello --list-cameras": list };
    expect((await refine({ programs }, { ...pi, absences: [none] })).cameras).toEqual([]);
    expect(
      (await refine({ programs }, { ...pi, absences: [{ ...raw, code: "no-permission" }] })).cameras,
    ).toHaveLength(2);
  });

  test("without a program the raw receiver's absence stays; with one that lists none it says so", async () => {
    const facts = { ...pi, absences: [raw] };
    expect((await refine({}, facts)).absences).toEqual([raw]);
    const none = await refine(
      { programs: { "rpicam-hello --list-cameras": "No cameras available!\n" } },
      facts,
    );
    expect(none.absences).toMatchObject([
      { code: "unreadable", detail: expect.stringContaining("lists no camera") },
    ]);
    const hung = {
      "rpicam-hello --list-cameras": { ok: false, code: "timed-out", detail: "killed" },
    } as const;
    expect((await refine({ programs: hung }, facts)).absences).toMatchObject([{ code: "timed-out" }]);
  });
});

describe("VideoCore", () => {
  const gpu = (fields: Partial<GpuFacts>): GpuFacts => ({
    type: "vulkan",
    vendor: "Broadcom",
    model: "v3d",
    memoryBytes: undefined,
    freeMemoryBytes: undefined,
    isMemoryShared: true,
    driver: "v3d",
    ...fields,
  });

  test.each([
    ["c03112", "VideoCore VI", "vulkan"],
    ["d04170", "VideoCore VII", "vulkan"],
    ["a020d3", "VideoCore IV", "none"],
  ])("of %s is one GPU, the %s", async (code, model, type) => {
    const facts = { ...pi, gpus: [gpu({ driver: "vc4", type: "none" }), gpu({})] };
    expect((await refine({ files: cpuinfo(code) }, facts)).gpus).toMatchObject([
      { vendor: "Broadcom", model, type, driver: "v3d" },
    ]);
  });

  test("isn't invented where no driver shows one, and another GPU stays", async () => {
    const other = gpu({ vendor: "AMD", model: "Radeon", driver: "amdgpu" });
    expect((await refine({ files: cpuinfo("d04170") }, { ...pi, gpus: [other] })).gpus).toEqual([other]);
  });
});

test("a Raspberry Pi 5 says that it has no H.264 codec, a 4 doesn't", async () => {
  const facts = boardFacts({ board: pi.board, ffmpeg: ffmpegFacts() });
  const five = await refine(
    { files: { "/proc/device-tree/compatible": "raspberrypi,5-model-b\0brcm,bcm2712\0" } },
    facts,
  );
  expect(five.absences).toMatchObject([{ about: "codecs.h264", code: "not-present" }]);
  expect((await refine({ files: cpuinfo("c03112") }, facts)).absences).toEqual([]);
});

test("whatever the board's files and programs say, nothing throws, ids are clean and lists bounded", async () => {
  const line = fc.oneof(
    fc.constantFrom(...list.split("\n")),
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.nat().map((number) => `${number} : \u202e${number} [99999x1] (/\u0007)`),
    fc.constant(`    Modes: 'X' : ${"640x480 ".repeat(200)}`),
  );
  const text = fc.array(line, { maxLength: 80 }).map((lines) => lines.join("\n"));
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.string(),
      fc.string(),
      fc.uint8Array(),
      async (cameraList, throttled, info, revision) => {
        const facts = await refine({
          programs: { "rpicam-hello --list-cameras": cameraList, "vcgencmd get_throttled": throttled },
          files: {
            "/proc/cpuinfo": info,
            "/proc/device-tree/system/linux,revision": revision,
            "/proc/device-tree/compatible": info,
          },
        });
        expect(facts.cameras.length).toBeLessThanOrEqual(8);
        expect(new Set(facts.cameras.map(({ id }) => id)).size).toBe(facts.cameras.length);
        for (const { id, name, path, formats } of facts.cameras) {
          expect(id).toMatch(/^[a-z0-9._:-]{1,80}$/);
          expect(name).toMatch(/^[^\p{Cc}\p{Cf}]{1,128}$/u);
          expect(path).toMatch(/^\d{1,2}$/);
          expect(formats.length).toBeLessThanOrEqual(128);
        }
      },
    ),
    { numRuns: 200 },
  );
});

function ffmpegFacts(): NonNullable<BoardFacts["ffmpeg"]> {
  return {
    version: "5.1",
    decoders: ["h264"],
    encoders: ["h264"],
    hardwareImplementations: [],
    hwaccels: [],
    inputDevices: [],
    outputDevices: [],
  };
}
