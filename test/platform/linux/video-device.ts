// V4L2 devices for the tests of probes, as real drivers describe themselves.
import type {
  FrameInterval,
  VideoDevice,
  VideoFormat,
  VideoSize,
} from "../../../platform/contract/machine.ts";

export function discrete(width: number, height: number, ...fps: number[]): VideoSize {
  const intervals: FrameInterval[] = fps.map((rate) => ({ numerator: 1, denominator: rate }));
  return { kind: "discrete", width, height, intervals };
}

export function videoFormat(
  fourcc: string,
  sizes: readonly VideoSize[] = [],
  isCompressed = false,
): VideoFormat {
  return { fourcc, description: fourcc, isCompressed, sizes };
}

export function videoDevice(fields: Partial<VideoDevice>): VideoDevice {
  return {
    driver: "uvcvideo",
    card: "USB Camera",
    busInfo: "usb-0000:00:14.0-1",
    capabilities: 0x04200001,
    captureFormats: [],
    outputFormats: [],
    inputs: [],
    isTruncated: false,
    ...fields,
  };
}

/** Logitech's C920 as `v4l2-ctl --list-formats-ext` lists it, cut to a few sizes. */
export const webcam = videoDevice({
  card: "HD Pro Webcam C920",
  busInfo: "usb-0000:01:00.0-1.3",
  captureFormats: [
    videoFormat("YUYV", [discrete(640, 480, 30, 24, 15), discrete(1280, 720, 10, 5)]),
    videoFormat("MJPG", [discrete(1920, 1080, 30, 24)], true),
  ],
});

/** The second node of the same camera. @see https://docs.kernel.org/userspace-api/media/v4l/metafmt-uvc.html */
export const webcamMetadata = videoDevice({
  card: "HD Pro Webcam C920",
  busInfo: "usb-0000:01:00.0-1.3",
  capabilities: 0x04a00000,
});

/** A Raspberry Pi 4's codec and ISP nodes. @see https://github.com/raspberrypi/linux drivers/staging/vc04_services */
export const piDecoder = videoDevice({
  driver: "bcm2835-codec",
  card: "bcm2835-codec-decode",
  busInfo: "platform:bcm2835-codec",
  capabilities: 0x04204000,
  captureFormats: [videoFormat("YU12"), videoFormat("NV12")],
  outputFormats: [videoFormat("H264", [], true), videoFormat("MJPG", [], true)],
});
export const piEncoder = videoDevice({
  driver: "bcm2835-codec",
  card: "bcm2835-codec-encode",
  busInfo: "platform:bcm2835-codec",
  capabilities: 0x04204000,
  captureFormats: [videoFormat("H264", [], true)],
  outputFormats: [videoFormat("YU12"), videoFormat("YUYV")],
});
export const piIspCapture = videoDevice({
  driver: "bcm2835-isp",
  card: "bcm2835-isp",
  busInfo: "platform:bcm2835-isp",
  capabilities: 0x04200001,
  captureFormats: [videoFormat("YUYV", [discrete(640, 480)])],
});
export const piHevc = videoDevice({
  driver: "rpivid",
  card: "rpivid",
  busInfo: "platform:rpivid",
  capabilities: 0x04204000,
  captureFormats: [videoFormat("NC12")],
  outputFormats: [videoFormat("S265", [], true)],
});
export const unicam = videoDevice({
  driver: "unicam",
  card: "unicam",
  busInfo: "platform:fe801000.csi",
  capabilities: 0x25200001,
  captureFormats: [videoFormat("pRAA"), videoFormat("RG10")],
});
