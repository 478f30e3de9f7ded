// What a V4L2 device says, read from its bytes, and how much of it is asked for.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { queryVideo, videoBounds } from "../../../platform/linux/query-video.ts";
import { readVideoAnswer } from "../../../platform/linux/read-answer.ts";
import { fourccOf, videoRequests } from "../../../platform/linux/video-structs.ts";
import { createVideoDevice, type FakeFormat, pixelOf } from "./fixtures/fake-video-device.ts";

const EINVAL = 22;
const ENOTTY = 25;
const capture = 0x84a00001;

describe("queryVideo", () => {
  it("gives a webcam's names, formats, sizes and rates, the shortest interval first", () => {
    const formats: FakeFormat[] = [
      {
        fourcc: "YUYV",
        description: "YUYV 4:2:2",
        sizes: [
          {
            width: 640,
            height: 480,
            intervals: [
              [1, 15],
              [1, 30],
            ],
          },
        ],
      },
      {
        fourcc: "MJPG",
        description: "Motion-JPEG",
        isCompressed: true,
        sizes: [{ width: 1920, height: 1080, intervals: [[1001, 30_000]] }],
      },
    ];
    const device = createVideoDevice({ capabilities: capture, queues: { 1: formats }, inputs: ["Camera 1"] });
    expect(queryVideo(device)).toEqual({
      driver: "uvcvideo",
      card: "HD Webcam C525",
      busInfo: "usb-0000:00:14.0-1",
      capabilities: capture,
      captureFormats: [
        {
          fourcc: "YUYV",
          description: "YUYV 4:2:2",
          isCompressed: false,
          sizes: [
            {
              ...{ kind: "discrete", width: 640, height: 480 },
              intervals: [
                { numerator: 1, denominator: 30 },
                { numerator: 1, denominator: 15 },
              ],
            },
          ],
        },
        {
          fourcc: "MJPG",
          description: "Motion-JPEG",
          isCompressed: true,
          sizes: [
            {
              ...{ kind: "discrete", width: 1920, height: 1080 },
              intervals: [{ numerator: 1001, denominator: 30_000 }],
            },
          ],
        },
      ],
      outputFormats: [],
      inputs: ["Camera 1"],
      isTruncated: false,
    });
  });

  it("gives a codec's two queues, with the range of its sizes", () => {
    const range = { range: [32, 1920, 2, 32, 1088, 2] as const, intervals: [] };
    const device = createVideoDevice({
      capabilities: 0x84204000,
      queues: {
        9: [{ fourcc: "NM12", description: "planar", sizes: [range] }],
        10: [{ fourcc: "H264", description: "H.264", isCompressed: true, sizes: [range] }],
      },
    });
    expect(queryVideo(device)).toMatchObject({
      captureFormats: [
        {
          fourcc: "NM12",
          sizes: [{ kind: "stepwise", minWidth: 32, maxWidth: 1920, stepWidth: 2, maxHeight: 1088 }],
        },
      ],
      outputFormats: [{ fourcc: "H264", isCompressed: true, sizes: [] }],
      isTruncated: false,
    });
  });

  it("asks a range of sizes for the intervals of its largest, and takes both ends of a range of intervals", () => {
    const device = createVideoDevice({
      capabilities: capture,
      queues: {
        1: [
          {
            fourcc: "GREY",
            description: "",
            sizes: [
              {
                range: [16, 4096, 1, 16, 2160, 1],
                intervals: [
                  [1, 1000],
                  [10, 1],
                ],
                isRange: true,
              },
            ],
          },
        ],
      },
    });
    expect(queryVideo(device)).toMatchObject({
      captureFormats: [
        {
          sizes: [
            {
              intervals: [
                { numerator: 1, denominator: 1000 },
                { numerator: 10, denominator: 1 },
              ],
            },
          ],
        },
      ],
    });
    expect(device.asked.find(({ request }) => request === videoRequests.ENUM_FRAMEINTERVALS.request)).toEqual(
      expect.objectContaining({ width: 4096, height: 2160 }),
    );
  });

  it("falls back to what the whole device can do where it doesn't tell of this node", () => {
    const device = createVideoDevice({
      capabilities: 0x1,
      deviceCapabilities: 0x8000_0000,
      queues: { 1: [] },
    });
    expect(queryVideo(device)).toMatchObject({ capabilities: 1 });
  });

  it("gives the error number of a device that isn't V4L2", () => {
    expect(queryVideo({ ioctl: () => ENOTTY })).toBe(ENOTTY);
  });

  it("stops asking a camera of 10,000 modes, and says that there was more", () => {
    const sizes = Array.from({ length: 10_000 }, (_, index) => ({
      width: index + 1,
      height: 480,
      intervals: [[1, 30]] as const,
    }));
    const formats = ["YUYV", "MJPG"].map((fourcc) => ({ fourcc, description: "", sizes }));
    const device = createVideoDevice({ capabilities: capture, queues: { 1: formats } });
    const answer = queryVideo(device);
    expect(answer).toMatchObject({ isTruncated: true });
    if (typeof answer === "number") expect.fail("it refused");
    expect(answer.captureFormats.map((format) => format.sizes.length)).toEqual([512, 512]);
    expect(device.asked.length).toBeLessThanOrEqual(videoBounds.questions + 1);
  });

  it("ends also with a driver that answers every question", () => {
    let asked = 0;
    const answer = queryVideo({
      ioctl: (request, argument) => {
        asked++;
        if (request === videoRequests.QUERYCAP.request)
          new DataView(argument.buffer).setUint32(84, 0x3, true);
        else if (request === videoRequests.ENUM_FRAMESIZES.request)
          new DataView(argument.buffer).setUint32(8, 1, true);
        else if (request === videoRequests.ENUM_FRAMEINTERVALS.request)
          new DataView(argument.buffer).setUint32(16, 1, true);
        return 0;
      },
    });
    expect(answer).toMatchObject({ isTruncated: true });
    expect(asked).toBeLessThanOrEqual(videoBounds.questions + 1);
  });

  it("makes one printable line of names, whatever bytes a driver gives, and its own reader takes the answer", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 512 }),
        fc.integer({ min: 1, max: 200 }),
        (bytes, calls) => {
          let left = calls;
          let at = 0;
          const device = {
            ioctl: (_request: number, argument: Uint8Array) => {
              if (left-- === 0) return EINVAL;
              for (const index of argument.keys()) argument[index] = bytes[at++ % bytes.length]!;
              return 0;
            },
          };
          const answer = queryVideo(device);
          if (typeof answer === "number") return;
          const names = [answer.driver, answer.card, answer.busInfo, ...answer.inputs];
          for (const format of answer.captureFormats) names.push(format.fourcc, format.description);
          expect(names.filter((name) => /[\p{C}\p{Zl}\p{Zp}]/u.test(name))).toEqual([]);
          const read = readVideoAnswer(JSON.parse(JSON.stringify({ ok: true, value: answer })));
          expect(read).toEqual({ ok: true, value: answer });
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("fourccOf", () => {
  it("gives four characters, `?` for what can't be shown, and tells big-endian ones apart", () => {
    expect(fourccOf(pixelOf("Y16 "))).toBe("Y16 ");
    expect(fourccOf((pixelOf("Y16 ") | 0x8000_0000) >>> 0)).toBe("Y16 -BE");
    expect(fourccOf(0x0a00_1b7f)).toBe("??? ".replace(" ", "?"));
  });
});
