// Codecs: FFmpeg's own list, joined with what the hardware says of itself.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HardwareCodec } from "../../../platform/contract/board-facts.ts";
import type { Answer, VideoDevice } from "../../../platform/contract/machine.ts";
import { probeCodecs } from "../../../platform/linux/probe-codecs.ts";
import { type BoardRecord, boardMachine } from "../../support/board-machine.ts";
import * as text from "./ffmpeg-text.ts";
import * as device from "./video-device.ts";

const query =
  "nvidia-smi --query-gpu=name,memory.total,memory.free,driver_version,compute_cap --format=csv,noheader,nounits";

function machineWith(record: BoardRecord, devices: readonly VideoDevice[] = []) {
  const video = Object.fromEntries(devices.map((given, index) => [`/dev/video${index}`, given]));
  const nodes = Object.fromEntries(Object.keys(video).map((path) => [path, {}]));
  return boardMachine({
    ...record,
    programs: { ...text.ffmpegPrograms(), ...record.programs },
    video,
    nodes: { ...nodes, ...record.nodes },
  });
}

/** "decode h264 v4l2m2m", in order. */
function brief(codecs: readonly HardwareCodec[]): string[] {
  return codecs.map(({ codec, direction, api }) => `${direction} ${codec} ${api}`);
}

describe("FFmpeg", () => {
  test("its codecs, implementations, ways and devices", async () => {
    const { ffmpeg, hardwareCodecs, absences } = await probeCodecs(machineWith({}));
    expect(ffmpeg).toMatchObject({
      version: "5.1.6-0+deb12u1",
      hwaccels: ["vdpau", "cuda", "vaapi", "qsv", "drm", "opencl", "vulkan"],
      inputDevices: ["alsa", "lavfi", "libcdio", "pulse", "video4linux2", "v4l2", "x11grab"],
      outputDevices: ["alsa", "caca", "pulse", "sdl", "sdl2", "video4linux2", "v4l2"],
    });
    expect(ffmpeg!.decoders).toEqual(
      expect.arrayContaining(["av1", "h264", "hevc", "mjpeg", "aac", "opus", "cri"]),
    );
    expect(ffmpeg!.encoders).not.toContain("cri");
    expect(ffmpeg!.decoders).not.toContain("subrip");
    expect(ffmpeg!.hardwareImplementations).toEqual(
      expect.arrayContaining(["h264_v4l2m2m", "hevc_nvenc", "h264_cuvid", "mjpeg_vaapi"]),
    );
    expect({ hardwareCodecs, absences }).toEqual({ hardwareCodecs: [], absences: [] });
  });

  test.skipIf(Bun.which("ffmpeg") === null)("the one of this machine is understood", async () => {
    const calls = ["-version", "-codecs", "-hwaccels", "-devices"];
    const answers = calls.map((what) => {
      const { stdout } = Bun.spawnSync(["ffmpeg", "-hide_banner", what], { stderr: "ignore" });
      return [`ffmpeg -hide_banner ${what}`, stdout.toString()] as const;
    });
    const { ffmpeg } = await probeCodecs(boardMachine({ programs: Object.fromEntries(answers) }));
    expect(ffmpeg!.decoders).toEqual(
      expect.arrayContaining(["h264", "mjpeg", "rawvideo", "pcm_s16le", "aac"]),
    );
    expect(ffmpeg!.inputDevices).toContain("lavfi");
  });

  test("a codec that only hardware encodes isn't encoded in software; AV1's own decoder is such a one", async () => {
    const codecs = text.codecs.replace("libx264 libx264rgb ", "").replace("libdav1d libaom-av1 av1 ", "av1 ");
    const { ffmpeg } = await probeCodecs(machineWith({ programs: text.ffmpegPrograms({ codecs }) }));
    expect(ffmpeg!.encoders).not.toContain("h264");
    expect(ffmpeg!.decoders).toContain("h264");
    expect(ffmpeg!.decoders).not.toContain("av1");
  });

  test.each([
    ["missing", {}, "not-present", "FFmpeg isn't installed."],
    [
      "too old",
      text.ffmpegPrograms({ version: "ffmpeg version 3.4.11-0ubuntu0.1 Copyright" }),
      "not-supported",
      "FFmpeg 3.4.11-0ubuntu0.1 is too old: this needs 4.0 or newer.",
    ],
    [
      "garbage",
      text.ffmpegPrograms({ codecs: "\u0000\u001b[31m???" }),
      "unreadable",
      "The program ffmpeg doesn't answer as FFmpeg does.",
    ],
    [
      "hung",
      {
        ...text.ffmpegPrograms(),
        "ffmpeg -hide_banner -codecs": { ok: false, code: "timed-out", detail: "…" } as Answer<string>,
      },
      "timed-out",
      "ffmpeg doesn't answer.",
    ],
  ])("%s: no facts, and why", async (_, programs, code, detail) => {
    const { ffmpeg, hardwareCodecs, absences } = await probeCodecs(boardMachine({ programs }));
    expect(ffmpeg).toBeUndefined();
    expect(hardwareCodecs).toEqual([]);
    expect(absences).toMatchObject([{ about: "codecs", code, detail }]);
  });

  test("a build from the repository passes, whatever its version", async () => {
    const version = "ffmpeg version N-113007-g8d24a28d06 Copyright";
    const { ffmpeg } = await probeCodecs(machineWith({ programs: text.ffmpegPrograms({ version }) }));
    expect(ffmpeg!.version).toBe("N-113007-g8d24a28d06");
  });
});

describe("hardware codecs", () => {
  test("of V4L2 nodes count where FFmpeg has the implementation of that direction", async () => {
    const { hardwareCodecs, absences } = await probeCodecs(
      machineWith({}, [device.piDecoder, device.piEncoder]),
    );
    // MJPEG is decoded by the board, and by no implementation of FFmpeg's.
    expect(hardwareCodecs).toEqual([
      { codec: "h264", direction: "decode", api: "v4l2m2m", device: "/dev/video0" },
      { codec: "h264", direction: "encode", api: "v4l2m2m", device: "/dev/video1" },
    ]);
    expect(absences).toEqual([]);
  });

  test("of the request API count in builds that have it, and are told in others", async () => {
    const pi = machineWith({ programs: text.ffmpegPrograms({ version: text.piVersion }) }, [device.piHevc]);
    expect(brief((await probeCodecs(pi)).hardwareCodecs)).toEqual(["decode hevc v4l2request"]);
    const { hardwareCodecs, absences } = await probeCodecs(machineWith({}, [device.piHevc]));
    expect(hardwareCodecs).toEqual([]);
    expect(absences).toEqual([
      {
        about: "codecs.hevc",
        code: "not-supported",
        detail: "There is hardware to decode hevc (v4l2request, /dev/video0), but this FFmpeg can't use it.",
        mend: "Install an FFmpeg with the V4L2 request API, such as Raspberry Pi OS's",
      },
    ]);
  });

  test("of a camera are none: its compressed pictures come out of the camera", async () => {
    expect((await probeCodecs(machineWith({}, [device.webcam]))).hardwareCodecs).toEqual([]);
  });

  test("of VAAPI are those of vainfo that FFmpeg drives", async () => {
    const { hardwareCodecs, absences } = await probeCodecs(
      machineWith({
        nodes: { "/dev/dri/renderD128": { group: "render" } },
        programs: { vainfo: text.vainfo },
      }),
    );
    expect(brief(hardwareCodecs)).toEqual([
      "decode mpeg2video vaapi",
      "decode h264 vaapi",
      "encode h264 vaapi",
      "decode mjpeg vaapi",
      "encode mjpeg vaapi",
      "decode hevc vaapi",
      "decode vp9 vaapi",
    ]);
    expect(absences).toMatchObject([{ about: "codecs.av1", code: "not-supported" }]);
  });

  test("of VAAPI need the render node, and say which group has it", async () => {
    const record = {
      nodes: { "/dev/dri/renderD128": { group: "render", isAccessible: false } },
      files: { "/sys/class/drm/renderD128/device/vendor": "0x8086\n" },
    };
    const { hardwareCodecs, absences } = await probeCodecs(
      machineWith({ ...record, programs: { vainfo: text.vainfo } }),
    );
    expect(hardwareCodecs).toEqual([]);
    expect(absences).toMatchObject([
      { about: "codecs", code: "no-permission", mend: expect.stringContaining("-aG render") },
    ]);
    const open = { ...record, nodes: { "/dev/dri/renderD128": {} } };
    expect((await probeCodecs(machineWith(open))).absences).toMatchObject([
      { code: "not-present", mend: "sudo apt install vainfo" },
    ]);
  });

  test.each([
    ["NVIDIA GeForce GTX 1080, 8192, 8000, 550.54.14, 6.1", ["h264", "hevc"], false],
    ["NVIDIA GeForce RTX 3060, 12288, 11911, 550.54.14, 8.6", ["h264", "hevc"], true],
    ["NVIDIA A100-SXM4-40GB, 40960, 40000, 550.54.14, 8.0", [], false],
    ["NVIDIA GeForce GT 1030, 2048, 2000, 550.54.14, 6.1", [], false],
    ["Orin (nvgpu), [N/A], [N/A], N/A, 8.7", [], false],
    ["NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", [], false],
  ])("of NVIDIA's generations: %s", async (line, encoders, decodesAv1) => {
    const { hardwareCodecs } = await probeCodecs(machineWith({ programs: { [query]: `${line}\n` } }));
    const encoded = hardwareCodecs.filter(({ direction }) => direction === "encode");
    expect(encoded.map(({ codec }) => codec)).toEqual(encoders);
    expect(brief(hardwareCodecs).includes("decode av1 nvdec")).toBe(decodesAv1);
  });

  test("of NVIDIA need the driver's video libraries, which containers often lack", async () => {
    const programs = { [query]: "NVIDIA GeForce RTX 3060, 12288, 11911, 550.54.14, 8.6\n" };
    const folder = "/usr/lib/x86_64-linux-gnu";
    const files = { [`${folder}/libcuda.so.1`]: "", [`${folder}/libnvcuvid.so.1`]: "" };
    const { hardwareCodecs, absences } = await probeCodecs(machineWith({ programs, files }));
    expect(new Set(hardwareCodecs.map(({ api }) => api))).toEqual(new Set(["nvdec"]));
    expect(absences).toMatchObject([
      {
        about: "codecs",
        code: "not-present",
        detail: expect.stringContaining("without libnvidia-encode.so.1"),
      },
    ]);
    const whole = { ...files, [`${folder}/libnvidia-encode.so.1`]: "" };
    expect((await probeCodecs(machineWith({ programs, files: whole }))).absences).toEqual([]);
  });

  test("of NVIDIA's newest: AV1 is encoded where FFmpeg has av1_nvenc, and told where it hasn't", async () => {
    const programs = { [query]: "NVIDIA GeForce RTX 4090, 24564, 24000, 550.54.14, 8.9\n" };
    const without = await probeCodecs(machineWith({ programs }));
    expect(without.absences).toMatchObject([{ about: "codecs.av1", mend: expect.stringContaining("NVENC") }]);
    const codecs = text.codecs.replace("libsvtav1 )", "libsvtav1 av1_nvenc )");
    const newer = machineWith({ programs: { ...text.ffmpegPrograms({ codecs }), ...programs } });
    expect(brief((await probeCodecs(newer)).hardwareCodecs)).toContain("encode av1 nvenc");
  });

  test("a codec that may not be opened: which group to join", async () => {
    const machine = boardMachine({
      programs: text.ffmpegPrograms(),
      nodes: { "/dev/video10": { isAccessible: false } },
      files: { "/sys/class/video4linux/video10/name": "bcm2835-codec-decode\n" },
      video: { "/dev/video10": { ok: false, code: "no-permission", detail: "EACCES" } },
    });
    expect((await probeCodecs(machine)).absences).toMatchObject([
      { about: "codecs", code: "no-permission", mend: expect.stringContaining("-aG video") },
    ]);
  });
});

test("whatever programs print, nothing throws, and every name is a name", async () => {
  const lines = [text.version, text.codecs, text.hwaccels, text.devices, text.vainfo].join("").split("\n");
  const line = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...lines) },
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom(
      " DEV.L. __proto__ x (decoders: constructor )",
      " DEV.LS h264 (decoders: (((",
      "a, b, c, d, 99.9",
    ),
  );
  const torn = fc.array(line, { maxLength: 60 }).map((all) => all.join("\n"));
  await fc.assert(
    fc.asyncProperty(torn, torn, torn, torn, torn, async (codecs, hwaccels, devices, vainfo, smi) => {
      const programs = { ...text.ffmpegPrograms({ codecs, hwaccels, devices }), vainfo, [query]: smi };
      const nodes = { "/dev/dri/renderD128": {} };
      const { ffmpeg, hardwareCodecs, absences } = await probeCodecs(
        machineWith({ programs, nodes }, [device.piDecoder]),
      );
      const names = ffmpeg === undefined ? [] : Object.values(ffmpeg).flat();
      for (const name of names) expect(name).toMatch(/^[\w.+~-]{1,128}$/);
      expect(hardwareCodecs.length).toBeLessThan(200);
      for (const { detail } of absences) expect(detail).toMatch(/^[^\p{Cc}\p{Cf}]{1,400}$/u);
    }),
    { numRuns: 150 },
  );
});
