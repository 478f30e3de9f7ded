// Whether bytes can be what a payload says: each kind's rule, at its edges.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementTypes, type Payload, pixelFormats, sampleFormats } from "../../../agent/node/frame.ts";
import { payloadProblem, pictureBytes } from "../../../agent/node/payload-check.ts";

const bytes = (length: number) => new Uint8Array(length);
const problem = (payload: Payload, length: number) => payloadProblem(payload, bytes(length));
const elementBytes = [1, 1, 2, 2, 4, 8, 4, 8];
const sampleBytes = [2, 4, 4];

describe("a picture", () => {
  it.each([
    ["gray8", 5 * 3],
    ["rgb24", 5 * 3 * 3],
    ["rgba32", 5 * 3 * 4],
    // Chroma of an odd size rounds up: 3 by 2.
    ["i420", 5 * 3 + 2 * 6],
    ["nv12", 5 * 3 + 2 * 6],
  ] as const)("of %s has exactly its bytes", (format, expected) => {
    const payload = { kind: "video", width: 5, height: 3, format } as const;
    expect(pictureBytes(5, 3, format)).toBe(expected);
    expect(problem(payload, expected)).toBeUndefined();
    expect(problem(payload, expected + 1)).toBe(`a picture of ${expected + 1} bytes instead of ${expected}`);
    expect(problem(payload, expected - 1)).toBeDefined();
  });

  it("has sides from 1 to 32,768", () => {
    const of = (width: number, height: number) =>
      problem({ kind: "video", width, height, format: "gray8" }, width * height);
    expect([of(1, 1), of(32_768, 1), of(1, 32_768)]).toEqual([undefined, undefined, undefined]);
    for (const [width, height] of [
      [0, 5],
      [5, 0],
      [32_769, 1],
      [1, 32_769],
      [4_294_967_295, 4_294_967_295],
    ] as const) {
      expect(payloadProblem({ kind: "video", width, height, format: "gray8" }, bytes(0))).toContain(
        "a picture of",
      );
    }
  });
});

describe("audio", () => {
  it("is whole sample frames of every format", () => {
    fc.assert(
      fc.property(fc.nat(2), fc.integer({ min: 1, max: 256 }), fc.nat(2000), (format, channels, length) => {
        const payload = { kind: "audio", rate: 8000, channels, format: sampleFormats[format]! } as const;
        const isWhole = length % (channels * sampleBytes[format]!) === 0;
        expect(problem(payload, length) === undefined).toBe(isWhole);
      }),
    );
  });

  it.each([
    [0, 1, "audio of 0 Hz"],
    [1_536_001, 1, "audio of 1536001 Hz"],
    [8000, 0, "audio of 0 channels"],
    [8000, 257, "audio of 257 channels"],
  ])("of %i Hz and %i channels is refused", (rate, channels, expected) => {
    expect(problem({ kind: "audio", rate, channels, format: "s16le" }, 0)).toBe(expected);
  });
});

describe("a tensor", () => {
  it("has the bytes of its shape", () => {
    fc.assert(
      fc.property(
        fc.nat(7),
        fc.array(fc.nat(6), { maxLength: 4 }),
        fc.integer({ min: -1, max: 1 }),
        (element, shape, more) => {
          const exact = shape.reduce((product, extent) => product * extent, 1) * elementBytes[element]!;
          const length = Math.max(0, exact + more);
          const payload = { kind: "tensor", element: elementTypes[element]!, shape } as const;
          expect(problem(payload, length) === undefined).toBe(length === exact);
        },
      ),
    );
  });

  it("may be a scalar and may be empty", () => {
    expect(problem({ kind: "tensor", element: "float64", shape: [] }, 8)).toBeUndefined();
    expect(problem({ kind: "tensor", element: "float64", shape: [5, 0, 7] }, 0)).toBeUndefined();
  });

  it("of more elements than numbers reach is refused, also when it would be empty", () => {
    const huge = Array<number>(32).fill(4_294_967_295);
    expect(problem({ kind: "tensor", element: "uint8", shape: huge }, 0)).toBeDefined();
    expect(
      problem({ kind: "tensor", element: "uint8", shape: [...huge.slice(0, 31), 0] }, 0),
    ).toBeUndefined();
  });

  it("has at most 32 dimensions", () => {
    const ones = (rank: number) =>
      problem({ kind: "tensor", element: "uint8", shape: Array(rank).fill(1) }, 1);
    expect(ones(32)).toBeUndefined();
    expect(ones(33)).toBe("a tensor of 33 dimensions");
  });
});

describe("text and JSON", () => {
  it("are UTF-8", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
        const isUtf8 = Buffer.from(Buffer.from(data).toString("utf8"), "utf8").equals(Buffer.from(data));
        expect(payloadProblem({ kind: "text" }, data) === undefined).toBe(isUtf8);
        expect(payloadProblem({ kind: "json" }, data) === undefined).toBe(isUtf8);
        expect(payloadProblem({ kind: "bytes" }, data)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it.each([[[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]], [[0xe2, 0x82]]])(
    "refuse the bytes %j",
    (data) => {
      expect(payloadProblem({ kind: "text" }, Uint8Array.from(data))).toBe("text that is not UTF-8");
    },
  );
});

it("a codec's name has at most 64 bytes, however many characters", () => {
  const name = (codec: string) => payloadProblem({ kind: "encoded", codec }, bytes(1));
  expect(name("x".repeat(64))).toBeUndefined();
  expect(name("x".repeat(65))).toBeDefined();
  expect(name("é".repeat(32))).toBeUndefined();
  expect(name("é".repeat(33))).toBeDefined();
});

it("every pixel format is known by its size", () => {
  expect(pixelFormats.map((format) => pictureBytes(2, 2, format))).toEqual([4, 12, 16, 6, 6]);
});
