// Facts of a small board, statements made of them, and arbitrary facts, for the tests of capabilities and placement.
import fc from "fast-check";
import { describeCapabilities, type SelfFacts } from "../../../agent/capability/describe-capabilities.ts";
import type { CapabilityStatement } from "../../../agent/capability/statement.ts";
import type { BoardFacts } from "../../../platform/contract/board-facts.ts";
import { refusalCodes } from "../../../platform/contract/machine.ts";

const gibibyte = 2 ** 30;

export const self: SelfFacts = {
  nodeTypes: ["PassThrough", "AddNode"],
  sessions: 0,
  queueMs: 0,
  maxMemoryMb: 256,
};

/** An arm board with a camera, a microphone, a GPU that computes with Vulkan, and an FFmpeg that drives its H.264 decoder. */
export function boardFacts(more: Partial<BoardFacts> = {}): BoardFacts {
  return {
    time: new Date("2026-01-02T03:04:05.678Z"),
    board: {
      vendor: "Raspberry Pi",
      model: "Raspberry Pi 4 Model B",
      revision: "1.4",
      family: "raspberrypi",
    },
    host: { name: "porch", kernel: "6.6.31", os: "Debian 12", container: undefined },
    cpu: {
      arch: "aarch64",
      cores: 4,
      model: "Cortex-A72",
      features: ["neon", "fp16"],
      maxMhz: 1800,
      load: 0.254,
    },
    memory: { totalBytes: 8 * gibibyte, availableBytes: 6 * gibibyte },
    storage: { totalBytes: 30 * gibibyte, freeBytes: 20.999 * gibibyte },
    thermal: { celsius: 48.68, throttling: { now: [], sinceBoot: ["under-voltage"] }, power: "mains" },
    cameras: [
      {
        id: "usb-1",
        name: "USB Camera",
        bus: "usb",
        api: "v4l2",
        path: "/dev/video0",
        formats: [{ pixel: "YUYV", width: 640, height: 480, fps: [30, 15] }],
      },
    ],
    microphones: [
      {
        id: "alsa-mic-0",
        name: "USB Microphone",
        api: "alsa",
        address: "hw:CARD=mic,DEV=0",
        formats: ["S16_LE"],
        maxChannels: 1,
        rates: { min: 8000, max: 48_000 },
      },
    ],
    speakers: [],
    gpus: [
      {
        type: "vulkan",
        vendor: "Broadcom",
        model: "VideoCore VI",
        memoryBytes: 2 * gibibyte,
        freeMemoryBytes: undefined,
        isMemoryShared: true,
        driver: "v3d",
      },
    ],
    hardwareCodecs: [{ codec: "h264", direction: "decode", api: "v4l2m2m", device: "/dev/video10" }],
    ffmpeg: {
      version: "5.1.6",
      decoders: ["h264", "hevc", "aac", "smacker"],
      encoders: ["h264", "aac"],
      hardwareImplementations: ["h264_v4l2m2m"],
      hwaccels: ["drm", "vaapi"],
      inputDevices: ["v4l2", "alsa"],
      outputDevices: ["alsa"],
    },
    network: [{ name: "eth0", kind: "ethernet", isUp: true, speedMbps: 1000 }],
    frameworks: { onnx: "1.20.0" },
    sandbox: { seccomp: true, cgroup: false, reasons: ["no cgroup is delegated"] },
    absences: [
      {
        about: "devices.speakers",
        code: "no-permission",
        detail: "/dev/snd/pcmC0D0p can't be opened by this user",
        mend: "sudo usermod -aG audio $USER",
      },
    ],
    ...more,
  };
}

export function boardStatement(more: Partial<BoardFacts> = {}): CapabilityStatement {
  return describeCapabilities(boardFacts(more), self);
}

const number = fc.double();
const text = fc.string({ unit: "binary", maxLength: 300 });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const list = <T>(value: fc.Arbitrary<T>, maxLength = 5) => fc.array(value, { maxLength });

const sound = fc.record({
  id: text,
  name: text,
  api: fc.constantFrom("alsa" as const, "pulse" as const),
  address: text,
  formats: optional(list(text)),
  maxChannels: optional(number),
  rates: optional(fc.record({ min: number, max: number })),
});

const codec = fc.constantFrom("h264", "hevc", "vp9", "mpeg2video", "__proto__", "odd codec");

/** Facts of the right types with any values in them, as a probe with a fault or a board with odd drivers might give. */
export const anyFacts: fc.Arbitrary<BoardFacts> = fc.record({
  time: fc.date({ noInvalidDate: false }),
  board: fc.record({
    vendor: optional(text),
    model: optional(text),
    revision: optional(text),
    family: fc.constant("other" as const),
  }),
  host: fc.record({
    name: optional(text),
    kernel: optional(text),
    os: optional(text),
    container: optional(text),
  }),
  cpu: fc.record({
    arch: text,
    cores: number,
    model: optional(text),
    features: list(text, 80),
    maxMhz: optional(number),
    load: number,
  }),
  memory: fc.record({ totalBytes: number, availableBytes: number }),
  storage: optional(fc.record({ totalBytes: number, freeBytes: number })),
  thermal: fc.record({
    celsius: optional(number),
    throttling: optional(
      fc.record({
        now: list(fc.constant("throttled" as const), 40),
        sinceBoot: list(fc.constantFrom("under-voltage" as const, "throttled" as const), 40),
      }),
    ),
    power: fc.constant(undefined),
  }),
  cameras: list(
    fc.record({
      id: text,
      name: text,
      bus: fc.constant("usb" as const),
      api: fc.constant("v4l2" as const),
      path: text,
      formats: list(fc.record({ pixel: text, width: number, height: number, fps: list(number, 40) })),
    }),
  ),
  microphones: list(sound),
  speakers: list(sound),
  gpus: list(
    fc.record({
      type: fc.constantFrom("cuda" as const, "none" as const, "opencl" as const),
      vendor: text,
      model: text,
      memoryBytes: optional(number),
      freeMemoryBytes: optional(number),
      isMemoryShared: fc.boolean(),
      driver: optional(text),
    }),
  ),
  hardwareCodecs: list(
    fc.record({
      codec,
      direction: fc.constantFrom("decode" as const, "encode" as const),
      api: fc.constantFrom("v4l2m2m" as const, "nvdec" as const, "vaapi" as const),
      device: fc.constant(undefined),
    }),
  ),
  ffmpeg: optional(
    fc.record({
      version: text,
      decoders: list(codec),
      encoders: list(codec),
      hardwareImplementations: list(text),
      hwaccels: list(fc.constantFrom("vaapi", "cuda")),
      inputDevices: list(text),
      outputDevices: list(text),
    }),
  ),
  network: list(
    fc.record({
      name: text,
      kind: fc.constant("wifi" as const),
      isUp: fc.boolean(),
      speedMbps: optional(number),
    }),
  ),
  frameworks: fc.dictionary(fc.oneof(fc.constantFrom("onnx", "__proto__", "constructor"), text), text),
  sandbox: fc.record({ seccomp: fc.boolean(), cgroup: fc.boolean(), reasons: list(text) }),
  absences: list(
    fc.record({ about: text, code: fc.constantFrom(...refusalCodes), detail: text, mend: optional(text) }),
  ),
});
