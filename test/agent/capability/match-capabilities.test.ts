// What a node requires against what a device says: nothing almost matches, and every unmet need is told.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Match, matchCapabilities, type Reason } from "../../../agent/capability/match-capabilities.ts";
import { type CapabilityRequirements, capabilitySchema } from "../../../agent/capability/requirements.ts";
import type { CapabilityStatement, StatedGpu } from "../../../agent/capability/statement.ts";
import { boardStatement } from "./facts-fixture.ts";

const board = boardStatement();

function match(needs: object, statement = board): Match {
  return matchCapabilities([capabilitySchema.parse(needs)], statement);
}

function reasonsOf(found: Match): readonly Reason[] {
  return found.verdict === "refused" ? found.reasons : [];
}

function gpu(more: Partial<StatedGpu> = {}): StatedGpu {
  const some = { type: "cuda" as const, model: "RTX", memory_gb: 8, memory_free_gb: 4 };
  return { ...some, driver: null, vendor: "NVIDIA", memory_shared: false, ...more };
}

function withGpus(...gpus: StatedGpu[]): CapabilityStatement {
  return { ...board, gpu: gpus };
}

describe("matchCapabilities", () => {
  it.each([
    {},
    { cpu: { cores: 4, arch: "aarch64" }, memory_gb: 8 },
    { cpu: { arch: "any" } },
    { gpu: { type: "vulkan" } },
    { gpu: { type: "any", min_memory_gb: 2 } },
    { gpu: { type: "cuda", required: false } },
    { codecs: ["h264", "aac"] },
    { codecs: ["h264"], hardware_accel: true },
    { hardware_accel: true },
    { codecs: ["hevc"], hardware_accel: false },
    { frameworks: ["onnx"], devices: ["camera", "microphone", "gpu", "network"] },
  ])("matches %j where all of it is there", (needs) => {
    expect(match(needs)).toEqual({ verdict: "matched" });
  });

  it.each([
    [{ cpu: { cores: 5 } }, "cpu.cores", "4", "needs 5 cores, and there are 4"],
    [{ cpu: { arch: "arm" } }, "cpu.arch", "aarch64", "needs a processor of arm, and this is aarch64"],
    [{ memory_gb: 8.01 }, "memory_gb", "8", "needs 8.01 GB of memory, and there are 8"],
    [{ codecs: ["vp9"] }, "codecs.vp9", "none", 'needs the codec "vp9", and it is not known here'],
    [
      { codecs: ["hevc"], hardware_accel: true },
      "codecs.hevc",
      "software",
      'needs the codec "hevc" in hardware, and it is in software here',
    ],
    [
      { frameworks: ["tflite"] },
      "frameworks.tflite",
      "none",
      'needs the framework "tflite", and it is not known here',
    ],
    [{ devices: ["speaker"] }, "devices.speaker", "none", 'needs the device "speaker", and there is none'],
    [
      { devices: ["cameras"] },
      "devices.cameras",
      "unknown",
      'needs the device "cameras", which is no kind of device; did you mean "camera"?',
    ],
    [
      { devices: ["toaster"] },
      "devices.toaster",
      "unknown",
      'needs the device "toaster", which is no kind of device; known are camera, microphone, speaker, gpu, network',
    ],
    [
      { codecs: ["__proto__"] },
      "codecs.__proto__",
      "none",
      'needs the codec "__proto__", and it is not known here',
    ],
    [
      { devices: ["constructor"] },
      "devices.constructor",
      "unknown",
      /^needs the device "constructor", which is no kind/,
    ],
  ])("refuses %j by the need, what is there, and a sentence", (needs, need, have, text) => {
    const [reason, ...more] = reasonsOf(match(needs));
    expect(more).toEqual([]);
    expect(reason).toMatchObject({ need, have });
    expect(reason!.text).toMatch(text instanceof RegExp ? text : new RegExp(`^${escapePattern(text)}$`));
  });

  it("refuses hardware where every codec is in software", () => {
    const soft = { ...board, codecs: { h264: "software" as const }, encoders: {} };
    expect(reasonsOf(match({ hardware_accel: true }, soft))).toHaveLength(1);
    expect(match({ hardware_accel: true }, { ...soft, encoders: { h264: "hardware" } }).verdict).toBe(
      "matched",
    );
  });

  it("gives the device's own words on why something is missing, the most particular first", () => {
    const [reason] = reasonsOf(match({ devices: ["speaker"] }));
    expect(reason!.absent).toMatchObject({ code: "no-permission", mend: "sudo usermod -aG audio $USER" });
    const absent = [
      { about: "codecs", code: "not-present" as const, detail: "there is no FFmpeg" },
      { about: "codecs.vp9", code: "not-supported" as const, detail: "the chip can't" },
    ];
    expect(reasonsOf(match({ codecs: ["vp9"] }, { ...board, absent }))[0]!.absent!.detail).toBe(
      "the chip can't",
    );
    expect(reasonsOf(match({ codecs: ["av1"] }, { ...board, absent }))[0]!.absent!.detail).toBe(
      "there is no FFmpeg",
    );
  });

  it("tells a reason of several requirements once", () => {
    const needs = capabilitySchema.parse({ memory_gb: 16 });
    expect(reasonsOf(matchCapabilities([needs, needs], board))).toHaveLength(1);
  });

  it("keeps text of a manifest from breaking a line", () => {
    const [reason] = reasonsOf(match({ frameworks: ["a\u001b[2J\nb"] }));
    expect(reason!.text).toBe('needs the framework "a [2J b", and it is not known here');
    expect(reason!.need).not.toMatch(/\p{C}/u);
  });
});

describe("a GPU", () => {
  it.each([
    ["of another type", { type: "rocm" }, [gpu()], "there is RTX (cuda, 4 GB)"],
    [
      "that only shows pictures",
      { type: "any" },
      [gpu({ type: "none" })],
      "there is RTX (doesn't compute, 4 GB)",
    ],
    ["with less free memory", { type: "cuda", min_memory_gb: 5 }, [gpu()], "there is RTX (cuda, 4 GB)"],
    [
      "of unknown memory",
      { type: "cuda", min_memory_gb: 0.1 },
      [gpu({ memory_gb: null, memory_free_gb: null })],
      "there is RTX (cuda, memory unknown)",
    ],
    [
      "that has the memory only together with another",
      { type: "cuda", min_memory_gb: 6 },
      [gpu(), gpu()],
      "there is RTX (cuda, 4 GB), RTX (cuda, 4 GB)",
    ],
    [
      "where one is of the type and another has the memory",
      { type: "cuda", min_memory_gb: 6 },
      [gpu(), gpu({ type: "vulkan", memory_free_gb: 9 })],
      "there is RTX (cuda, 4 GB)",
    ],
    ["that isn't there", { type: "metal" }, [], "there is none"],
  ])("%s doesn't do", (_, need, gpus, has) => {
    const [reason] = reasonsOf(match({ gpu: need }, withGpus(...gpus)));
    expect(reason!.text).toMatch(new RegExp(`^needs a GPU \\(.*, and ${escapePattern(has)}$`));
  });

  it("is held to its whole memory where it doesn't tell how much is free", () => {
    const statement = withGpus(gpu({ memory_free_gb: null }));
    expect(match({ gpu: { type: "cuda", min_memory_gb: 8 } }, statement).verdict).toBe("matched");
    expect(match({ gpu: { type: "cuda", min_memory_gb: 8.01 } }, statement).verdict).toBe("refused");
  });

  it("that is preferred and isn't there degrades, beside what refuses too", () => {
    const wish = { gpu: { type: "cuda", required: false, preferred: true } };
    expect(match(wish)).toMatchObject({
      verdict: "degraded",
      missing: [{ need: "gpu", text: "prefers a GPU (cuda), and there is VideoCore VI (vulkan, 2 GB)" }],
    });
    const both = match({ ...wish, memory_gb: 100 });
    expect(both).toMatchObject({
      verdict: "refused",
      reasons: [{ need: "memory_gb" }],
      missing: [{ need: "gpu" }],
    });
    expect(match(wish, withGpus(gpu()))).toEqual({ verdict: "matched" });
  });

  it("that is required and preferred is required", () => {
    expect(match({ gpu: { type: "cuda", preferred: true } }).verdict).toBe("refused");
  });
});

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const word = fc.constantFrom("h264", "hevc", "vp9", "av1");
const device = fc.constantFrom("camera", "microphone", "speaker", "gpu", "network", "toaster");
const gpuType = fc.constantFrom("cuda" as const, "vulkan" as const, "rocm" as const);
const anyNeeds: fc.Arbitrary<CapabilityRequirements> = fc
  .record(
    {
      gpu: fc.record(
        {
          type: fc.oneof(gpuType, fc.constant("any" as const)),
          min_memory_gb: fc.integer({ min: 0, max: 9 }),
          required: fc.boolean(),
          preferred: fc.boolean(),
        },
        { requiredKeys: ["type"] },
      ),
      cpu: fc.record({ cores: fc.integer({ min: 1, max: 9 }) }),
      memory_gb: fc.integer({ min: 0, max: 16 }),
      codecs: fc.uniqueArray(word),
      hardware_accel: fc.boolean(),
      frameworks: fc.uniqueArray(fc.constantFrom("onnx", "tflite")),
      devices: fc.uniqueArray(device),
    },
    { requiredKeys: [] },
  )
  .map((needs) => capabilitySchema.parse(needs));

const anyGpu = fc
  .record({
    type: fc.oneof(gpuType, fc.constant("none" as const)),
    memory_free_gb: fc.option(fc.integer({ min: 0, max: 9 })),
  })
  .map(gpu);
const anyCodecs = fc.dictionary(word, fc.constantFrom("hardware" as const, "software" as const));

const anyStatement = fc
  .record({
    cores: fc.integer({ min: 1, max: 9 }),
    memory_gb: fc.integer({ min: 0, max: 16 }),
    gpu: fc.array(anyGpu, { maxLength: 2 }),
    codecs: anyCodecs,
    encoders: anyCodecs,
    hasCamera: fc.boolean(),
    frameworks: fc.dictionary(fc.constantFrom("onnx", "tflite"), fc.constant("1")),
  })
  .map(({ cores, hasCamera, ...rest }): CapabilityStatement => {
    const cameras = hasCamera ? board.devices.cameras : [];
    return { ...board, ...rest, cpu: { ...board.cpu, cores }, devices: { ...board.devices, cameras } };
  });

/** A device that has more of one thing. */
const improvements: readonly ((statement: CapabilityStatement, more: StatedGpu) => CapabilityStatement)[] = [
  (statement, more) => ({ ...statement, gpu: [...statement.gpu, more] }),
  (statement, more) => ({ ...statement, gpu: [more, ...statement.gpu] }),
  (statement) => ({ ...statement, cpu: { ...statement.cpu, cores: statement.cpu.cores + 1 } }),
  (statement) => ({ ...statement, memory_gb: statement.memory_gb + 1 }),
  (statement) => ({ ...statement, codecs: { ...statement.codecs, h264: "hardware" } }),
  (statement) => ({ ...statement, codecs: { vp9: "software", ...statement.codecs } }),
  (statement) => ({ ...statement, frameworks: { ...statement.frameworks, onnx: "2" } }),
  (statement) => ({ ...statement, devices: { ...board.devices, speakers: board.devices.microphones } }),
];
const severity = { matched: 0, degraded: 1, refused: 2 } as const;

describe("matchCapabilities, whatever is needed and there", () => {
  it("never judges a device worse that has more", () => {
    fc.assert(
      fc.property(
        anyNeeds,
        anyStatement,
        anyGpu,
        fc.constantFrom(...improvements),
        (needs, has, more, improve) => {
          const before = matchCapabilities([needs], has);
          const after = matchCapabilities([needs], improve(has, more));
          expect(severity[after.verdict]).toBeLessThanOrEqual(severity[before.verdict]);
          expect(reasonsOf(after).length).toBeLessThanOrEqual(reasonsOf(before).length);
        },
      ),
    );
  });

  it("lists every need that is refused when it stands alone, and no other", () => {
    fc.assert(
      fc.property(anyNeeds, anyStatement, (needs, has) => {
        const { codecs = [], devices = [], frameworks = [], hardware_accel, gpu, ...rest } = needs;
        const alone: CapabilityRequirements[] = [
          ...(gpu === undefined ? [] : [{ gpu }]),
          ...Object.entries(rest).map(([key, need]) => ({ [key]: need })),
          ...codecs.map((codec) => ({ codecs: [codec], hardware_accel })),
          ...(codecs.length === 0 ? [{ hardware_accel }] : []),
          ...devices.map((name) => ({ devices: [name] })),
          ...frameworks.map((name) => ({ frameworks: [name] })),
        ];
        const apart = alone.flatMap((need) =>
          reasonsOf(matchCapabilities([need], has)).map(({ text }) => text),
        );
        const together = reasonsOf(matchCapabilities([needs], has)).map(({ text }) => text);
        expect(together.toSorted()).toEqual(apart.toSorted());
      }),
    );
  });

  it("judges the same in any order of the requirements", () => {
    const texts = (reasons: readonly Reason[]) => reasons.map(({ text }) => text).toSorted();
    fc.assert(
      fc.property(fc.array(anyNeeds, { maxLength: 3 }), anyStatement, (needs, has) => {
        const forth = matchCapabilities(needs, has);
        const back = matchCapabilities(needs.toReversed(), has);
        expect(back.verdict).toBe(forth.verdict);
        expect(texts(reasonsOf(back))).toEqual(texts(reasonsOf(forth)));
      }),
    );
  });
});
