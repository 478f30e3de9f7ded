// From facts to the statement: what it says, what it leaves out, and that others can always read it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeCapabilities } from "../../../agent/capability/describe-capabilities.ts";
import { parseStatement } from "../../../agent/capability/statement.ts";
import type { CameraFacts } from "../../../platform/contract/board-facts.ts";
import { anyFacts, boardFacts, boardStatement, self } from "./facts-fixture.ts";

describe("describeCapabilities", () => {
  it("says what the board is, has and can do", () => {
    expect(boardStatement()).toEqual({
      schema: 1,
      device: "porch",
      time: "2026-01-02T03:04:05.678Z",
      board: { vendor: "Raspberry Pi", model: "Raspberry Pi 4 Model B", revision: "1.4" },
      cpu: { cores: 4, arch: "aarch64", model: "Cortex-A72", features: ["fp16", "neon"] },
      memory_gb: 8,
      storage_gb: 20.99,
      gpu: [
        {
          type: "vulkan",
          model: "VideoCore VI",
          memory_gb: 2,
          memory_free_gb: null,
          driver: "v3d",
          vendor: "Broadcom",
          memory_shared: true,
        },
      ],
      codecs: { h264: "hardware", hevc: "software", aac: "software" },
      encoders: { h264: "software", aac: "software" },
      devices: {
        cameras: [
          {
            id: "usb-1",
            name: "USB Camera",
            formats: [{ pixel: "YUYV", width: 640, height: 480, fps: [30, 15] }],
          },
        ],
        microphones: [
          {
            id: "alsa-mic-0",
            name: "USB Microphone",
            formats: ["S16_LE"],
            max_channels: 1,
            rates: { min: 8000, max: 48_000 },
          },
        ],
        speakers: [],
      },
      frameworks: { onnx: "1.20.0" },
      sandbox: { seccomp: true, cgroup: false, max_memory_mb: 256 },
      node_types: ["AddNode", "PassThrough"],
      wit: ["remotemedia:node@1.0.0"],
      load: { cpu: 0.25, memory: 0.25, sessions: 0, queue_ms: 0 },
      thermal: { celsius: 48.7, throttled: [], throttled_since_boot: ["under-voltage"] },
      network: [{ name: "eth0", kind: "ethernet", up: true, mbps: 1000 }],
      absent: [
        {
          about: "devices.speakers",
          code: "no-permission",
          detail: "/dev/snd/pcmC0D0p can't be opened by this user",
          mend: "sudo usermod -aG audio $USER",
        },
      ],
    });
  });

  it("names each cause of throttling once, in order, however often the board says it", () => {
    const now = Array.from({ length: 40 }, () => "throttled" as const);
    const throttling = { now, sinceBoot: ["under-voltage" as const, ...now] };
    const { thermal } = boardStatement({ thermal: { celsius: 80, throttling, power: undefined } });
    expect(thermal).toEqual({
      celsius: 80,
      throttled: ["throttled"],
      throttled_since_boot: ["throttled", "under-voltage"],
    });
  });

  it("rounds sizes down, so that no need is met by rounding", () => {
    const memory = { totalBytes: 7.999 * 2 ** 30, availableBytes: 1 };
    expect(boardStatement({ memory }).memory_gb).toBe(7.99);
  });

  it("says null for what is unknown, and invents nothing", () => {
    const unknown = { vendor: undefined, model: undefined, revision: undefined, family: "other" as const };
    const statement = boardStatement({
      board: unknown,
      host: { name: undefined, kernel: undefined, os: undefined, container: undefined },
      storage: undefined,
      ffmpeg: undefined,
      thermal: { celsius: undefined, throttling: undefined, power: undefined },
    });
    expect(statement).toMatchObject({
      device: "unknown",
      board: { vendor: null, model: null, revision: null },
      storage_gb: null,
      codecs: {},
      thermal: { celsius: null, throttled: null },
    });
  });

  it("tells decoding in hardware apart from encoding, and names no codec that nobody asks for", () => {
    const hardwareCodecs = [
      { codec: "hevc", direction: "encode" as const, api: "nvenc" as const, device: undefined },
      { codec: "smacker", direction: "decode" as const, api: "vaapi" as const, device: undefined },
    ];
    const { codecs, encoders } = boardStatement({ hardwareCodecs });
    expect(codecs).toEqual({ h264: "software", hevc: "software", aac: "software" });
    expect(encoders).toEqual({ h264: "software", hevc: "hardware", aac: "software" });
  });

  it("cuts a camera with more formats than a statement has room for, and says so", () => {
    const formats = Array.from({ length: 300 }, (_, at) => ({
      pixel: "MJPG",
      width: at + 1,
      height: 9,
      fps: [30],
    }));
    const cameras: CameraFacts[] = [{ ...boardFacts().cameras[0]!, formats }];
    const { devices, absent } = boardStatement({ cameras });
    expect(devices.cameras[0]!.formats).toHaveLength(256);
    expect(absent.map(({ detail }) => detail)).toContain(
      "USB Camera has 300 formats; the first 256 are told",
    );
  });

  it("doesn't depend on the order in which things were found", () => {
    const { cameras, absences } = boardFacts();
    const other = { ...cameras[0]!, id: "csi-0" };
    const reason = { about: "gpu", code: "not-present" as const, detail: "no render node" };
    const one = { cameras: [cameras[0]!, other], absences: [...absences, reason] };
    const two = { cameras: [other, cameras[0]!], absences: [reason, ...absences] };
    expect(boardStatement(one)).toEqual(boardStatement(two));
  });

  it("gives a statement that others can read, whatever the facts hold", () => {
    fc.assert(
      fc.property(anyFacts, fc.double(), (facts, queueMs) => {
        const statement = describeCapabilities(facts, { ...self, queueMs });
        expect(parseStatement(JSON.parse(JSON.stringify(statement)))).toEqual(statement);
      }),
      { numRuns: 300 },
    );
  });
});
