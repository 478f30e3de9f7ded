// What a Jetson's own files add to the facts: its module, Jetson Linux, the shared GPU, the video engines.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BoardFacts, FfmpegFacts, GpuFacts } from "../../../platform/contract/board-facts.ts";
import { refineJetson } from "../../../platform/jetson/refine-jetson.ts";
import { type BoardRecord, boardMachine } from "../../support/board-machine.ts";
import { boardFacts } from "../board-facts.ts";

const ffmpeg = (...hardwareImplementations: string[]): FfmpegFacts => ({
  version: "4.4.2-0ubuntu0.22.04.1",
  decoders: ["h264"],
  encoders: ["h264"],
  hardwareImplementations,
  hwaccels: [],
  inputDevices: [],
  outputDevices: [],
});
const jetson = boardFacts({
  board: { vendor: "NVIDIA", model: undefined, revision: undefined, family: "jetson" },
  ffmpeg: ffmpeg("h264_v4l2m2m"),
});

// Root names as the device trees of Jetson Linux have them; the release's line as /etc/nv_tegra_release prints it.
const orinNano: BoardRecord = {
  files: {
    "/proc/device-tree/compatible":
      "nvidia,p3768-0000+p3767-0005-super\0nvidia,p3767-0005\0nvidia,tegra234\0",
    "/etc/nv_tegra_release":
      "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC 2025\n",
    "/usr/lib/aarch64-linux-gnu/nvidia/libcuda.so.1.1": "",
  },
  nodes: { "/dev/v4l2-nvdec": {}, "/dev/nvhost-ctrl-gpu": {} },
};
const nano: BoardRecord = {
  files: {
    "/proc/device-tree/compatible":
      "nvidia,p3449-0000-b00+p3448-0000-b00\0nvidia,jetson-nano\0nvidia,tegra210\0",
    "/etc/nv_tegra_release":
      "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t210ref, EABI: aarch64, DATE: Sat Feb 19 17:05:08 UTC 2022\n",
    "/usr/local/cuda/version.txt": "CUDA Version 10.2.300\n",
  },
  nodes: { "/dev/nvhost-nvdec": {}, "/dev/nvhost-msenc": {}, "/dev/nvhost-ctrl-gpu": {} },
};

function refine(record: BoardRecord, facts: BoardFacts = jetson): Promise<BoardFacts> {
  return refineJetson(boardMachine(record), facts);
}

test("another board's facts stay as they are", async () => {
  const facts = boardFacts({});
  expect(await refine(orinNano, facts)).toBe(facts);
});

describe("the module", () => {
  test("by its part number, with the release of Jetson Linux", async () => {
    expect((await refine(orinNano)).board).toMatchObject({
      model: "Jetson Orin Nano",
      revision: "p3767-0005 on p3768-0000, Jetson Linux 36.4.3",
    });
    expect((await refine(nano)).board).toMatchObject({
      model: "Jetson Nano",
      revision: "p3448-0000 on p3449-0000, Jetson Linux 32.7.1",
    });
  });

  test.each([
    ["nvidia,p3768-0000+p3767-0000", "tegra234", "Jetson Orin NX", "Orin (Ampere)"],
    ["nvidia,p3737-0000+p3701-0005", "tegra234", "Jetson AGX Orin", "Orin (Ampere)"],
    ["nvidia,p2972-0000", "tegra194", "Jetson", "Xavier (Volta)"],
    ["nvidia,p3509-0000+p3668-0001", "tegra194", "Jetson Xavier NX", "Xavier (Volta)"],
    ["nvidia,p2771-0000", "tegra186", "Jetson", "Tegra X2 (Pascal)"],
  ])("%s of %s is a %s", async (name, chip, model, gpu) => {
    const files = { "/proc/device-tree/compatible": `${name}\0nvidia,${chip}\0` };
    const facts = await refine({ files });
    expect(facts.board.model).toBe(model);
    expect(facts.gpus[0]!.model).toBe(gpu);
  });

  test("a chip that isn't known changes nothing but the release", async () => {
    const files = { ...nano.files, "/proc/device-tree/compatible": "nvidia,p9999-0000\0nvidia,tegra999\0" };
    const facts = await refine({ files });
    expect(facts).toEqual({
      ...jetson,
      board: { ...jetson.board, revision: "p9999-0000, Jetson Linux 32.7.1" },
    });
  });
});

test("the zone of the power chip, which says 100 °C whatever it is, isn't the board's temperature", async () => {
  const zone = (number: number, type: string, temp: string) => ({
    [`/sys/class/thermal/thermal_zone${number}/type`]: `${type}\n`,
    [`/sys/class/thermal/thermal_zone${number}/temp`]: temp,
  });
  const zones = {
    ...zone(0, "CPU-therm", "41500\n"),
    ...zone(1, "PMIC-Die", "100000\n"),
    ...zone(2, "GPU-therm", "?"),
  };
  const facts = { ...jetson, thermal: { ...jetson.thermal, celsius: 100 } };
  expect((await refine({ ...nano, files: { ...nano.files, ...zones } }, facts)).thermal.celsius).toBe(41.5);
  expect((await refine(nano, facts)).thermal.celsius).toBe(100);
});

describe("the GPU", () => {
  test("shares the machine's memory and computes with CUDA; display controllers are none", async () => {
    const display: GpuFacts = {
      type: "none",
      vendor: "unknown",
      model: "nv_platform",
      memoryBytes: undefined,
      freeMemoryBytes: undefined,
      isMemoryShared: true,
      driver: "nv_platform",
    };
    const smi: GpuFacts = { ...display, type: "cuda", vendor: "NVIDIA", model: "Orin (nvgpu)" };
    const card: GpuFacts = { ...smi, model: "RTX A2000", memoryBytes: 6e9, isMemoryShared: false };
    const { gpus, absences } = await refine(orinNano, { ...jetson, gpus: [smi, display, card] });
    expect(gpus).toEqual([
      {
        type: "cuda",
        vendor: "NVIDIA",
        model: "Orin (Ampere)",
        memoryBytes: 4_000_000_000,
        freeMemoryBytes: 3_000_000_000,
        isMemoryShared: true,
        driver: "nvgpu 36.4.3",
      },
      card,
    ]);
    expect(absences.filter(({ about }) => about === "gpu")).toEqual([]);
  });

  test("without CUDA shows pictures only, and says what to install", async () => {
    const { "/usr/local/cuda/version.txt": _, ...files } = nano.files as Record<string, string>;
    const facts = await refine({ ...nano, files });
    expect(facts.gpus[0]!.type).toBe("none");
    expect(facts.absences).toContainEqual({
      about: "gpu",
      code: "not-present",
      detail: "The Jetson's GPU is there, but neither CUDA nor its driver's library is installed.",
      mend: "sudo apt install nvidia-jetpack, or in a container: start it with --runtime nvidia",
    });
  });

  test("without permission doesn't compute, and says which group to join", async () => {
    const nodes = { ...nano.nodes, "/dev/nvhost-ctrl-gpu": { isAccessible: false } };
    const facts = await refine({ ...nano, nodes });
    expect(facts.gpus[0]!.type).toBe("none");
    expect(facts.absences).toContainEqual(
      expect.objectContaining({
        about: "gpu",
        code: "no-permission",
        mend: expect.stringContaining("-aG video"),
      }),
    );
  });
});

describe("the video engines", () => {
  test("lie idle where FFmpeg wasn't built for them", async () => {
    const { hardwareCodecs, absences } = await refine(nano);
    expect(hardwareCodecs).toEqual([]);
    expect(absences).toMatchObject([
      {
        about: "codecs",
        code: "not-supported",
        detail:
          "The Jetson's video engines are there (/dev/nvhost-nvdec, /dev/nvhost-msenc), but this FFmpeg can't use them.",
      },
    ]);
  });

  test("decode with NVIDIA's FFmpeg and encode with nvmpi's, each codec that the chip has", async () => {
    const names = ["h264_nvv4l2dec", "mpeg2_nvv4l2dec", "hevc_nvmpi", "av1_nvv4l2dec"];
    const { hardwareCodecs, absences } = await refine(nano, { ...jetson, ffmpeg: ffmpeg(...names) });
    expect(
      hardwareCodecs.map(({ codec, direction, device, implementation }) => [
        ...[direction, codec, device, implementation],
      ]),
    ).toEqual([
      ["decode", "h264", "/dev/nvhost-nvdec", "h264_nvv4l2dec"],
      ["decode", "hevc", "/dev/nvhost-nvdec", "hevc_nvmpi"],
      ["decode", "mpeg2video", "/dev/nvhost-nvdec", "mpeg2_nvv4l2dec"],
      ["encode", "hevc", "/dev/nvhost-msenc", "hevc_nvmpi"],
    ]);
    expect(new Set(hardwareCodecs.map(({ api }) => api))).toEqual(new Set(["v4l2m2m"]));
    expect(absences).toEqual([]);
  });

  test("of an Orin Nano have no encoder, whatever FFmpeg has and whatever the desktop's means say", async () => {
    const nvenc = { codec: "h264", direction: "encode", api: "nvenc", device: undefined } as const;
    const facts = { ...jetson, hardwareCodecs: [nvenc], ffmpeg: ffmpeg("h264_nvmpi") };
    const { hardwareCodecs, absences } = await refine(
      { ...orinNano, nodes: { ...orinNano.nodes, "/dev/v4l2-nvenc": {} } },
      facts,
    );
    expect(hardwareCodecs).toMatchObject([{ codec: "h264", direction: "decode" }]);
    expect(absences).toMatchObject([
      {
        about: "codecs",
        code: "not-present",
        detail: expect.stringContaining("Orin Nano has no video encoder"),
      },
    ]);
  });

  test("that may not be opened: which group to join", async () => {
    const nodes = { ...nano.nodes, "/dev/nvhost-nvdec": { isAccessible: false } };
    const { hardwareCodecs, absences } = await refine(
      { ...nano, nodes },
      { ...jetson, ffmpeg: ffmpeg("h264_nvv4l2dec") },
    );
    expect(hardwareCodecs).toEqual([]);
    expect(absences).toMatchObject([
      { about: "codecs", code: "no-permission", mend: expect.stringContaining("-aG video") },
    ]);
  });
});

test("whatever the board's files say, nothing throws and every string is a clean line", async () => {
  const name = fc.oneof(
    fc.constantFrom(
      "nvidia,p3768-0000+p3767-0005",
      "nvidia,tegra234",
      "nvidia,tegra210",
      "nvidia,__proto__",
      "\u001b[2J",
    ),
    fc.string({ unit: "binary", maxLength: 60 }),
  );
  const compatible = fc.array(name, { maxLength: 50 }).map((names) => names.join("\0"));
  const release = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constant("# R36 (release), REVISION: 99999999.\u202e9"),
    fc.constant("# R999 (release), REVISION: 1.2.3.4"),
  );
  await fc.assert(
    fc.asyncProperty(compatible, release, fc.string({ unit: "binary" }), async (names, line, group) => {
      const facts = await refine({
        files: { "/proc/device-tree/compatible": names, "/etc/nv_tegra_release": line },
        nodes: {
          "/dev/nvhost-nvdec": { isAccessible: false, group },
          "/dev/nvhost-gpu": { isAccessible: false, group },
        },
      });
      const lines = [
        facts.board.revision,
        facts.gpus[0]?.driver,
        ...facts.absences.flatMap(({ detail, mend }) => [detail, mend]),
      ].filter((text) => text !== undefined);
      for (const text of lines) expect(text).toMatch(/^[^\p{Cc}\p{Cf}]{1,300}$/u);
    }),
    { numRuns: 200 },
  );
});
