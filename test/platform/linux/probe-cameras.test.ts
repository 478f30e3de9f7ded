// Cameras told from all the other things that have a /dev/videoN, and reasons for those that can't be had.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Answer, VideoDevice } from "../../../platform/contract/machine.ts";
import { probeCameras } from "../../../platform/linux/probe-cameras.ts";
import { type BoardRecord, boardMachine } from "../../support/board-machine.ts";
import * as device from "./video-device.ts";

const usbPath =
  "/sys/devices/platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0/usb1/1-1/1-1.3/1-1.3:1.0";

/** A machine whose /dev/videoN are `devices`, in order. */
function machineWith(
  devices: readonly (VideoDevice | Answer<VideoDevice>)[],
  record: BoardRecord = {},
  parents: readonly (string | undefined)[] = [],
) {
  const video = Object.fromEntries(devices.map((given, index) => [`/dev/video${index}`, given]));
  const nodes = Object.fromEntries(Object.keys(video).map((path) => [path, {}]));
  const files: Record<string, string> = {};
  const links: Record<string, string> = {};
  parents.forEach((parent, index) => {
    if (parent === undefined) return;
    files[`${parent}/video4linux/video${index}/index`] = `${index}\n`;
    links[`/sys/class/video4linux/video${index}`] = `${parent}/video4linux/video${index}`;
  });
  return boardMachine({
    ...record,
    video,
    nodes: { ...nodes, ...record.nodes },
    files: { ...files, ...record.files },
    links,
  });
}

describe("cameras", () => {
  test("a webcam is one camera with its sizes and rates, and its id is the port", async () => {
    const machine = machineWith([device.webcam, device.webcamMetadata], {}, [usbPath, usbPath]);
    expect(await probeCameras(machine)).toEqual({
      cameras: [
        {
          id: "usb-1-1.3-1.0",
          name: "HD Pro Webcam C920",
          bus: "usb",
          api: "v4l2",
          path: "/dev/video0",
          formats: [
            { pixel: "YUYV", width: 640, height: 480, fps: [30, 24, 15] },
            { pixel: "YUYV", width: 1280, height: 720, fps: [10, 5] },
            { pixel: "MJPG", width: 1920, height: 1080, fps: [30, 24] },
          ],
        },
      ],
      absences: [],
    });
  });

  test("two nodes of one camera that give the same are one camera", async () => {
    const machine = machineWith([device.webcam, device.webcam], {}, [usbPath, usbPath]);
    expect((await probeCameras(machine)).cameras.map(({ path }) => path)).toEqual(["/dev/video0"]);
  });

  test("two nodes of one camera that give different pictures are two, with ids of their own", async () => {
    const depth = {
      ...device.webcam,
      captureFormats: [device.videoFormat("Z16 ", [device.discrete(640, 480, 30)])],
    };
    const { cameras } = await probeCameras(machineWith([device.webcam, depth], {}, [usbPath, usbPath]));
    expect(cameras.map(({ id }) => id)).toEqual(["usb-1-1.3-1.0", "usb-1-1.3-1.0-1"]);
    expect(cameras[1]!.formats[0]!.pixel).toBe("Z16");
  });

  test("codecs, image processors, metadata and a decoder of a Raspberry Pi 4 are none", async () => {
    const nodes = [
      device.piDecoder,
      device.piEncoder,
      device.piIspCapture,
      device.piHevc,
      device.webcamMetadata,
    ];
    const { cameras, absences } = await probeCameras(machineWith(nodes));
    expect(cameras).toEqual([]);
    expect(absences).toMatchObject([{ about: "devices.cameras", code: "not-present" }]);
  });

  // Capabilities as the kernel's vivid module sets them on its nodes.
  test("of vivid's nodes only the capture node is a camera", async () => {
    // Each with a size of its own, so that none passes as another's twin.
    const vivid = (capabilities: number, index: number) =>
      device.videoDevice({
        driver: "vivid",
        card: "vivid",
        busInfo: "platform:vivid-000",
        capabilities,
        captureFormats: [device.videoFormat("YUYV", [device.discrete(640 + index, 360, 30)])],
      });
    const all = [
      0x05230001, 0x05230002, 0x05a00000, 0x0d200000, 0x00000010, 0x15200001, 0x00190000, 0x05310000,
    ];
    const parent = "/sys/devices/platform/vivid.0";
    const { cameras } = await probeCameras(
      machineWith(
        all.map(vivid),
        {},
        all.map(() => parent),
      ),
    );
    expect(cameras).toMatchObject([{ id: "platform-vivid.0", bus: "virtual", path: "/dev/video0" }]);
  });

  test("a loopback device is a camera when something feeds it", async () => {
    const loopback = (formats: VideoDevice["captureFormats"]) =>
      device.videoDevice({
        driver: "v4l2 loopback",
        card: "Dummy",
        busInfo: "platform:v4l2loopback-000",
        capabilities: 0x05208003,
        captureFormats: formats,
      });
    const fed = loopback([device.videoFormat("YU12", [device.discrete(640, 480, 30)])]);
    const parents = ["/sys/devices/virtual", "/sys/devices/virtual"];
    const { cameras } = await probeCameras(machineWith([loopback([]), fed], {}, parents));
    expect(cameras).toMatchObject([{ id: "virtual-video1", bus: "virtual" }]);
  });

  test("an HDMI bridge behind a CSI receiver is a camera, for its pictures have colours", async () => {
    const bridge = {
      ...device.unicam,
      capabilities: 0x05200001,
      captureFormats: [device.videoFormat("UYVY")],
    };
    const { cameras } = await probeCameras(machineWith([bridge]));
    expect(cameras).toMatchObject([{ id: "csi-fe801000.csi", bus: "csi" }]);
  });

  // Rockchip's image processor on mainline: https://docs.kernel.org/admin-guide/media/rkisp1.html
  test("a node that the media controller has to set up is none, whatever formats it lists", async () => {
    const mainpath = device.videoDevice({
      driver: "rkisp1",
      card: "rkisp1",
      busInfo: "platform:rkisp1",
      capabilities: 0x24201000,
      captureFormats: [device.videoFormat("YUYV", [device.discrete(1920, 1080, 30)])],
    });
    const { cameras, absences } = await probeCameras(machineWith([mainpath]));
    expect(cameras).toEqual([]);
    expect(absences).toMatchObject([{ code: "not-supported" }]);
  });

  test("a range of sizes becomes the common ones inside it and its two ends", async () => {
    const range = {
      kind: "stepwise",
      minWidth: 32,
      maxWidth: 2592,
      stepWidth: 16,
      minHeight: 32,
      maxHeight: 1944,
      stepHeight: 16,
      intervals: [
        { numerator: 1, denominator: 90 },
        { numerator: 1001, denominator: 30_000 },
        { numerator: 0, denominator: 1 },
      ],
    } as const;
    const mmal = device.videoDevice({
      driver: "bm2835 mmal",
      card: "mmal service 16.1",
      busInfo: "platform:bcm2835-v4l2-0",
      captureFormats: [device.videoFormat("YU12", [range])],
    });
    const { cameras } = await probeCameras(machineWith([mmal]));
    expect(cameras[0]).toMatchObject({ id: "csi-0", bus: "csi" });
    const sizes = cameras[0]!.formats.map(({ width, height }) => `${width}x${height}`);
    expect(sizes).toContain("1280x960");
    expect(sizes[0]).toBe("32x32");
    expect(sizes).toContain("2592x1944");
    expect(sizes).toContain("640x480");
    // 360 isn't a whole number of steps above 32.
    expect(sizes).not.toContain("640x360");
    expect(sizes).not.toContain("3840x2160");
    expect(cameras[0]!.formats[0]!.fps).toEqual([90, 29.97]);
    expect(cameras[0]!.hasMore).toBe(true);
    const complete = await probeCameras(machineWith([device.webcam]));
    expect(complete.cameras[0]!.hasMore).toBeUndefined();
  });

  test("of 10,000 modes 256 are kept, as many of each pixel format as of the others", async () => {
    const many = Array.from({ length: 5000 }, (_, index) => device.discrete(16 + index, 16, 30));
    const flood = {
      ...device.webcam,
      captureFormats: ["YUYV", "MJPG"].map((pixel) => device.videoFormat(pixel, many)),
    };
    const { formats, hasMore } = (await probeCameras(machineWith([flood]))).cameras[0]!;
    expect(hasMore).toBe(true);
    expect(formats).toHaveLength(256);
    expect(formats.filter(({ pixel }) => pixel === "MJPG")).toHaveLength(128);
  });

  test.each([1, 2, 64])(
    "of too many modes of %d pixel formats the largest and the common ones are kept, in the camera's order",
    async (count) => {
      const tiny = Array.from({ length: 400 }, (_, index) => device.discrete(16 + index, 16, 30));
      const used = [device.discrete(640, 480, 30), device.discrete(1280, 720, 30)];
      const last = [device.discrete(1920, 1080, 30), device.discrete(4000, 3000, 5)];
      const pixels = Array.from({ length: count }, (_, index) => `P${String(index).padStart(3, "0")}`);
      const flood = {
        ...device.webcam,
        captureFormats: pixels.map((pixel) => device.videoFormat(pixel, [...tiny, ...used, ...last])),
      };
      const { formats } = (await probeCameras(machineWith([flood]))).cameras[0]!;
      expect(formats).toHaveLength(256);
      for (const pixel of pixels) {
        const sizes = formats.filter((format) => format.pixel === pixel);
        expect(sizes.slice(-4).map(({ width, height }) => `${width}x${height}`)).toEqual([
          "640x480",
          "1280x720",
          "1920x1080",
          "4000x3000",
        ]);
        // Of the small ones, the larger.
        for (const { width } of sizes.slice(0, -4)) expect(width).toBeGreaterThan(415 - 256);
      }
    },
  );

  test("of more pixel formats than modes are told, the first are kept", async () => {
    const pixels = Array.from({ length: 300 }, (_, index) => String(index).padStart(4, "P"));
    const sizes = [device.discrete(640, 480, 30), device.discrete(1280, 720, 30)];
    const flood = {
      ...device.webcam,
      captureFormats: pixels.map((pixel) => device.videoFormat(pixel, sizes)),
    };
    const { formats } = (await probeCameras(machineWith([flood]))).cameras[0]!;
    expect(formats.map(({ pixel }) => pixel)).toEqual(pixels.slice(0, 256));
    expect(new Set(formats.map(({ width }) => width))).toEqual(new Set([1280]));
  });
});

describe("absent cameras", () => {
  const refuse = (code: "no-permission" | "busy" | "timed-out" | "unreadable"): Answer<VideoDevice> => ({
    ok: false,
    code,
    detail: "no",
  });

  test("without permission: which group to join", async () => {
    const record = {
      nodes: { "/dev/video0": { isAccessible: false } },
      files: { "/sys/class/video4linux/video0/name": "HD Webcam\n" },
    };
    const { absences } = await probeCameras(machineWith([refuse("no-permission")], record));
    expect(absences).toEqual([
      {
        about: "devices.cameras",
        code: "no-permission",
        detail: "This user may not open /dev/video0 (HD Webcam) (group video).",
        mend: "sudo usermod -aG video $USER, then log in again",
      },
    ]);
  });

  test("without permission on a group that only the host knows: what to start the container with", async () => {
    const record = { nodes: { "/dev/video0": { isAccessible: false, group: "44" } } };
    const { absences } = await probeCameras(machineWith([refuse("no-permission")], record));
    expect(absences[0]!.mend).toBe("In a container: start it with --group-add 44");
  });

  test("twenty codec nodes that may not be opened are no missing cameras, a hung camera and a busy one are", async () => {
    const files = { "/sys/class/video4linux/video0/name": "bcm2835-codec-decode\n" };
    const nodes = [refuse("no-permission"), refuse("timed-out"), refuse("busy"), refuse("unreadable")];
    const { absences } = await probeCameras(machineWith(nodes, { files }));
    expect(absences.map(({ code, detail }) => [code, detail.split(" ")[0]])).toEqual([
      ["timed-out", "/dev/video1"],
      ["busy", "/dev/video2"],
      ["unreadable", "/dev/video3"],
    ]);
    expect(absences[1]!.mend).toContain("fuser -v /dev/video2");
  });

  // The driver of the imx708 names its subdevice by the camera's variant.
  test.each(["imx708 10-001a\n", "imx708\n"])(
    "a sensor without libcamera: its name (%j), and what to install",
    async (name) => {
      const files = {
        "/sys/class/video4linux/v4l-subdev0/name": name,
        "/sys/class/video4linux/v4l-subdev1/name": "dw9807 10-000c\n",
        "/sys/class/video4linux/v4l-subdev2/name": "csi2\n",
      };
      const { cameras, absences } = await probeCameras(
        machineWith([device.unicam, device.unicam], { files }),
      );
      expect(cameras).toEqual([]);
      expect(absences).toEqual([
        {
          about: "devices.cameras",
          code: "not-supported",
          detail:
            "The camera imx708 on /dev/video0 (unicam) gives the sensor's raw pictures, which need libcamera or another pipeline.",
          mend: "Install libcamera's programs: sudo apt install rpicam-apps",
        },
      ]);
    },
  );

  test("a camera that the container wasn't given", async () => {
    const machine = boardMachine({ files: { "/sys/class/video4linux/video0/name": "HD Webcam\n" } });
    const { absences } = await probeCameras(machine);
    expect(absences).toMatchObject([
      { code: "not-present", mend: expect.stringContaining("--device /dev/video0") },
    ]);
  });

  test("nothing at all", async () => {
    expect(await probeCameras(boardMachine())).toEqual({
      cameras: [],
      absences: [
        {
          about: "devices.cameras",
          code: "not-present",
          detail: "No camera: there is no /dev/video*.",
          mend: "Plug in a USB camera, or check the camera's cable",
        },
      ],
    });
  });
});

describe("whatever a device says", () => {
  const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, 1, 640, 480, 2 ** 32));
  const text = fc.string({ unit: "binary", maxLength: 60 });
  const interval = fc.record({ numerator: number, denominator: number });
  const size = fc.oneof(
    fc.record({
      kind: fc.constant("discrete" as const),
      width: number,
      height: number,
      intervals: fc.array(interval),
    }),
    fc.record({
      kind: fc.constant("stepwise" as const),
      minWidth: number,
      maxWidth: number,
      stepWidth: number,
      minHeight: number,
      maxHeight: number,
      stepHeight: number,
      intervals: fc.array(interval),
    }),
  );
  const format = fc.record({
    fourcc: text,
    description: text,
    isCompressed: fc.boolean(),
    sizes: fc.array(size),
  });
  const anyDevice: fc.Arbitrary<VideoDevice> = fc.record({
    driver: fc.oneof(text, fc.constantFrom("uvcvideo", "unicam", "vivid")),
    card: text,
    busInfo: text,
    capabilities: fc.oneof(fc.nat(0xffffffff), fc.constant(1)),
    captureFormats: fc.array(format),
    outputFormats: fc.array(format),
    inputs: fc.array(text),
    isTruncated: fc.boolean(),
  });

  test("nothing throws, ids and names are clean, and all is bounded", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyDevice, { maxLength: 6 }),
        fc.array(text, { maxLength: 6 }),
        async (devices, labels) => {
          const files = Object.fromEntries(
            labels.map((label, index) => [`/sys/class/video4linux/video${index}/name`, label]),
          );
          const { cameras, absences } = await probeCameras(machineWith(devices, { files }));
          expect(new Set(cameras.map(({ id }) => id)).size).toBe(cameras.length);
          for (const camera of cameras) {
            expect(camera.id).toMatch(/^[a-z0-9._:-]{1,110}$/);
            expect(camera.name).toMatch(/^[^\p{Cc}\p{Cf}]{1,128}$/u);
            expect(camera.formats.length).toBeLessThanOrEqual(256);
            for (const { width, height, fps } of camera.formats) {
              expect(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0).toBe(
                true,
              );
              expect(fps).toEqual([...fps].sort((a, b) => b - a));
            }
          }
          expect(absences.length).toBeLessThanOrEqual(16);
          for (const { detail } of absences) expect(detail).toMatch(/^[^\p{Cc}\p{Cf}]{1,400}$/u);
        },
      ),
      { numRuns: 150 },
    );
  });
});
