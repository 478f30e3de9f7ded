// Which camera, and which of its modes, for which wishes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toFrameRate } from "../../../../agent/native/nodes/camera-mode.ts";
import { type CameraWishes, chooseCamera } from "../../../../agent/native/nodes/choose-camera.ts";
import { RemoteMediaError } from "../../../../platform/base/error.ts";
import type { CameraFacts, CameraFormat, HardwareCodec } from "../../../../platform/contract/board-facts.ts";

function formats(...lines: string[]): CameraFormat[] {
  return lines.map((line) => {
    const [pixel, size, ...fps] = line.split(" ");
    const [width, height] = size!.split("x").map(Number);
    return { pixel: pixel!, width: width!, height: height!, fps: fps.map(Number) };
  });
}

const webcam: CameraFacts = {
  id: "usb-1",
  name: "HD Webcam",
  bus: "usb",
  api: "v4l2",
  path: "/dev/video0",
  formats: formats(
    "YUYV 640x480 30 15",
    "YUYV 1280x720 10 5",
    "MJPG 640x480 30",
    "MJPG 1280x720 30 15",
    "MJPG 1920x1080 29.97",
    "H264 1920x1080 30",
    "pRAA 3280x2464 15",
  ),
};
const other: CameraFacts = { ...webcam, id: "usb-2", name: "Door", path: "/dev/video2" };
const pi: CameraFacts = {
  id: "csi-0",
  name: "imx219",
  bus: "csi",
  api: "libcamera",
  path: "0",
  formats: formats("SRGGB10 1640x1232 41.85", "SRGGB10 3280x2464 21.19"),
};
const m2m: HardwareCodec = { codec: "h264", direction: "decode", api: "v4l2m2m", device: "/dev/video10" };

function choose(
  wishes: Partial<CameraWishes> = {},
  cameras = [webcam, other],
  codecs: HardwareCodec[] = [],
  known?: string,
) {
  return chooseCamera(
    { device: "default", hardware: "auto", ...wishes },
    { cameras, hardwareCodecs: codecs },
    known,
  );
}

function mode(wishes: Partial<CameraWishes>, codecs: HardwareCodec[] = []): string {
  const { input } = choose(wishes, [webcam], codecs);
  if (input.kind !== "v4l2") return input.kind;
  return `${input.pixel} ${input.width}x${input.height} ${input.rate?.numerator}/${input.rate?.denominator}`;
}

function refusal(wishes: Partial<CameraWishes>, cameras = [webcam, other], known?: string) {
  try {
    choose(wishes, cameras, [], known);
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError) return `${thrown.code}: ${thrown.message} ${thrown.hint}`;
  }
  return expect.fail("nothing was refused");
}

describe("the camera", () => {
  test.each([
    ["default", "usb-1"],
    ["usb-2", "usb-2"],
    ["door", "usb-2"],
    ["/dev/video2", "usb-2"],
  ])("%s is %s", (device, id) => {
    expect(choose({ device }).id).toBe(id);
  });

  test("that was open before is found again by its id, wherever it is now, and no other takes its place", () => {
    const moved = { ...webcam, path: "/dev/video7" };
    expect(choose({ device: "/dev/video0" }, [other, moved], [], "usb-1").input).toMatchObject({
      path: "/dev/video7",
    });
    expect(refusal({}, [other], "usb-1")).toMatch(/^device-missing: There is no camera "usb-1"/);
  });

  test("that the facts don't know by its path is asked itself", () => {
    expect(choose({ device: "/dev/video9", width: 640, height: 480, fps: 30 }, [webcam])).toEqual({
      id: undefined,
      name: "/dev/video9",
      input: {
        kind: "v4l2",
        path: "/dev/video9",
        pixel: undefined,
        width: 640,
        height: 480,
        rate: { numerator: 30, denominator: 1 },
      },
      decoder: undefined,
    });
  });

  test.each([
    [{ device: "dor" }, [webcam, other], 'device-missing: There is no camera "dor". did you mean "Door"?'],
    [{ device: "roof\u202e" }, [webcam], 'device-missing: There is no camera "roof". There is usb-1'],
    [
      {},
      [],
      "device-missing: This machine has no camera that can be opened. See what it has, and why something is absent, with: remotemedia probe",
    ],
    [
      { device: "Door" },
      [other, { ...other, id: "usb-3" }],
      'node-invalid-params: 2 cameras have the name "Door". Name one by its id: usb-2, usb-3',
    ],
  ])("%j of %j is refused by name", (wishes, cameras, said) => {
    expect(refusal(wishes, cameras)).toBe(said);
  });
});

describe("the mode", () => {
  test.each([
    // Raw where it is smooth; the larger one isn't.
    [{}, "YUYV 640x480 30/1"],
    [{ width: 1280 }, "MJPG 1280x720 30/1"],
    [{ width: 1280, fps: 10 }, "YUYV 1280x720 10/1"],
    [{ width: 1280, height: 720, fps: 15 }, "MJPG 1280x720 15/1"],
    [{ height: 1080 }, "MJPG 1920x1080 30000/1001"],
    [{ height: 1080, fps: 30 }, "MJPG 1920x1080 30000/1001"],
    [{ format: "H264" }, "H264 1920x1080 30/1"],
    [{ format: "MJPG", fps: 30, width: 640 }, "MJPG 640x480 30/1"],
    [{ format: "pRAA" }, "pRAA 3280x2464 15/1"],
    [{ fps: 15 }, "YUYV 640x480 15/1"],
  ])("for %j is %s", (wishes, expected) => {
    expect(mode(wishes)).toBe(expected);
  });

  test("that isn't listed is asked of the driver where the list isn't all that the camera has", () => {
    const wishes = { width: 320, height: 180, fps: 5, format: "YUYV" };
    expect(choose(wishes, [{ ...webcam, hasMore: true }])).toMatchObject({
      id: webcam.id,
      input: { kind: "v4l2", path: webcam.path, pixel: "YUYV", width: 320, height: 180 },
    });
    expect(() => choose(wishes, [webcam])).toThrow(expect.objectContaining({ code: "device-unsupported" }));
  });

  test("is one that hardware decodes rather than one that software does", () => {
    expect(mode({ width: 1920 }, [m2m])).toBe("H264 1920x1080 30/1");
    expect(choose({ width: 1920 }, [webcam], [m2m]).decoder).toEqual({ api: "v4l2m2m", codec: "h264" });
    expect(choose({ width: 1920, hardware: "off" }, [webcam], [m2m])).toMatchObject({
      decoder: undefined,
      input: { pixel: "MJPG" },
    });
    const jetsons = { ...m2m, implementation: "h264_nvv4l2dec" };
    expect(choose({ width: 1920 }, [webcam], [jetsons]).decoder).toEqual({
      ...{ api: "v4l2m2m", codec: "h264", implementation: "h264_nvv4l2dec" },
    });
    expect(choose({}, [webcam], [m2m]).decoder).toBeUndefined();
    const encoder = { ...m2m, direction: "encode" as const };
    expect(choose({ width: 1920 }, [webcam], [encoder]).decoder).toBeUndefined();
  });

  test.each([
    [
      { width: 1280, height: 720, fps: 60 },
      "no mode 1280x720 at 60/s. The nearest is 1280x720 at 30/s as MJPG.",
    ],
    [{ width: 1300 }, "no mode 1300xany. The nearest is 1280x720 at 10/s as YUYV."],
    [{ format: "NV12" }, "no mode as NV12. The nearest is 640x480 at 30/s as YUYV."],
    [
      { width: 640, height: 480, format: "H264" },
      "no mode 640x480 as H264. The nearest is 640x480 at 30/s as YUYV.",
    ],
  ])("for %j isn't there, and the nearest is named", (wishes, said) => {
    expect(refusal(wishes)).toBe(`device-unsupported: The camera "HD Webcam" has ${said}`);
  });

  test("of a camera that can't be read here is refused, unless it is asked for", () => {
    const bayer = { ...webcam, formats: formats("pRAA 3280x2464 15") };
    expect(refusal({}, [bayer])).toMatch(/^device-unsupported: .* has no mode that can be read here\./);
    expect(choose({ format: "pRAA" }, [bayer]).input).toMatchObject({ pixel: "pRAA" });
  });

  test("of a camera that lists none is left to its driver, and it keeps its id", () => {
    const silent = { ...webcam, formats: [] };
    expect(choose({ width: 640 }, [silent])).toMatchObject({
      id: "usb-1",
      name: "HD Webcam",
      input: { path: "/dev/video0", width: 640 },
    });
  });

  test("of libcamera is whatever its sensor can be scaled to", () => {
    expect(choose({}, [pi]).input).toEqual({
      kind: "libcamera",
      camera: 0,
      width: 1280,
      height: 720,
      rate: undefined,
    });
    expect(choose({ width: 640, fps: 30 }, [pi]).input).toMatchObject({ width: 640, height: 360 });
    expect(refusal({ width: 4000 }, [pi])).toMatch(/^device-unsupported/);
    expect(refusal({ width: 3000, fps: 30 }, [pi])).toMatch(/^device-unsupported/);
  });

  test("keeps every wish, whatever the camera lists", () => {
    const listed = fc.record({
      pixel: fc.constantFrom("YUYV", "NV12", "MJPG", "H264", "pRAA", "????"),
      width: fc.constantFrom(320, 640, 1280, 4096),
      height: fc.constantFrom(240, 480, 720, 2160),
      fps: fc.array(fc.constantFrom(5, 15, 29.97, 30, 60), { maxLength: 3 }),
    });
    const wished = fc.record(
      {
        width: fc.constantFrom(320, 640, 1000),
        height: fc.constantFrom(240, 480),
        fps: fc.constantFrom(15, 30, 50),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(listed, { minLength: 1, maxLength: 20 }), wished, (modes, wishes) => {
        try {
          const { input } = choose(wishes, [{ ...webcam, formats: modes }]);
          if (input.kind !== "v4l2") return expect.fail();
          const { pixel, width, height, rate } = input;
          const ofMode = modes.filter(
            (one) => one.pixel === pixel && one.width === width && one.height === height,
          );
          expect(ofMode).not.toEqual([]);
          expect(wishes.width ?? width).toBe(width);
          expect(wishes.height ?? height).toBe(height);
          if (rate !== undefined && wishes.fps !== undefined) {
            expect(rate.numerator / rate.denominator / wishes.fps).toBeCloseTo(1, 2);
          }
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "device-unsupported" });
        }
      }),
    );
  });
});

test.each([
  [30, "30/1"],
  [29.97, "30000/1001"],
  [59.94, "60000/1001"],
  [23.976, "24000/1001"],
  [7.5, "7500/1000"],
])("the rate %d is %s", (fps, fraction) => {
  const { numerator, denominator } = toFrameRate(fps);
  expect(`${numerator}/${denominator}`).toBe(fraction);
});
