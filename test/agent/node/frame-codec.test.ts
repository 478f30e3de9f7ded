// The binary head of a frame: every frame comes back as it was, and no bytes do more than be refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementTypes, type Payload, pixelFormats, sampleFormats } from "../../../agent/node/frame.ts";
import {
  frameDataOffset,
  maxCodecBytes,
  maxTensorRank,
  readFrameHead,
  writeFrameHead,
} from "../../../agent/node/frame-codec.ts";

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const codec = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom("h", "2", "\ufeff", "é", "𝄞", "\0"),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((text) => text.isWellFormed() && new TextEncoder().encode(text).length <= maxCodecBytes);
const payloads: fc.Arbitrary<Payload> = fc.oneof(
  fc.constantFrom<Payload>({ kind: "bytes" }, { kind: "text" }, { kind: "json" }),
  fc.record({
    kind: fc.constant("audio" as const),
    rate: u32,
    channels: u32,
    format: fc.constantFrom(...sampleFormats),
  }),
  fc.record({
    kind: fc.constant("video" as const),
    width: u32,
    height: u32,
    format: fc.constantFrom(...pixelFormats),
  }),
  fc.record({
    kind: fc.constant("tensor" as const),
    element: fc.constantFrom(...elementTypes),
    shape: fc.array(u32, { maxLength: maxTensorRank }),
  }),
  fc.record({ kind: fc.constant("encoded" as const), codec }),
);
const pts = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
const place = fc.nat(20).map((at) => at * 8);

describe("a frame's head", () => {
  it("comes back as it was written, wherever it lies", () => {
    fc.assert(
      fc.property(
        payloads,
        pts,
        fc.nat(0xffff),
        fc.nat(300),
        place,
        (payload, time, tag, dataBytes, offset) => {
          const dataOffset = frameDataOffset(payload);
          const view = new DataView(new ArrayBuffer(offset + dataOffset + dataBytes));
          writeFrameHead(view, offset, tag, time, payload, dataBytes);
          const head = readFrameHead(view, offset, view.byteLength);
          expect(head).toEqual({ tag, pts: time, payload, dataOffset, dataBytes });
        },
      ),
      { numRuns: 500 },
    );
  });

  it("writes nothing before itself and nothing into the data behind it", () => {
    fc.assert(
      fc.property(payloads, pts, place, (payload, time, offset) => {
        const end = offset + frameDataOffset(payload);
        const bytes = new Uint8Array(end + 64).fill(0xee);
        writeFrameHead(new DataView(bytes.buffer), offset, 1, time, payload, 64);
        const around = [...bytes.subarray(0, offset), ...bytes.subarray(end)];
        expect(around.every((byte) => byte === 0xee)).toBe(true);
      }),
    );
  });

  it("puts the data on a multiple of 64, so that every typed view is aligned", () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        expect(frameDataOffset(payload) % 64).toBe(0);
      }),
    );
  });

  it("is refused when a byte of it or of its data is missing", () => {
    fc.assert(
      fc.property(payloads, fc.nat(100), (payload, dataBytes) => {
        const end = frameDataOffset(payload) + dataBytes;
        const view = new DataView(new ArrayBuffer(end));
        writeFrameHead(view, 0, 1, 5, payload, dataBytes);
        const cut = () => readFrameHead(view, 0, end - 1);
        expect(cut).toThrow(expect.objectContaining({ code: "node-bad-output" }));
      }),
    );
  });

  it("is refused with node-bad-output, or lies inside of its record, whatever the bytes are", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // A kind and a format that exist, so that more of it is read.
      fc
        .tuple(fc.nat(6), fc.nat(8), fc.uint8Array({ minLength: 22, maxLength: 200 }))
        .map(([kind, format, rest]) => Uint8Array.from([kind, format, ...rest])),
    );
    fc.assert(
      fc.property(bytes, (record) => {
        const view = new DataView(record.slice().buffer);
        try {
          const head = readFrameHead(view, 0, view.byteLength);
          expect(head.dataOffset + head.dataBytes).toBeLessThanOrEqual(record.length);
          expect(Number.isSafeInteger(head.pts)).toBe(true);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "node-bad-output" });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[what: string, change: (view: DataView) => void, message: RegExp]>([
    ["a kind that doesn't exist", (view) => view.setUint8(0, 7), /payload kind is unknown/],
    ["a format that doesn't exist", (view) => view.setUint8(1, 3), /format number is unknown/],
    ["a pts that no number holds", (view) => view.setBigInt64(16, 2n ** 62n, true), /not a safe integer/],
    ["more data than there is", (view) => view.setUint32(12, 0xffffffff, true), /data is cut short/],
  ])("is refused for %s", (_what, change, message) => {
    const view = new DataView(new ArrayBuffer(64));
    writeFrameHead(view, 0, 1, 5, { kind: "audio", rate: 1, channels: 1, format: "s16le" }, 0);
    change(view);
    expect(() => readFrameHead(view, 0, 64)).toThrow(message);
  });

  it("keeps a codec's byte order mark, on which the place of the data depends", () => {
    const payload: Payload = { kind: "encoded", codec: `\ufeff${"x".repeat(38)}` };
    const view = new DataView(new ArrayBuffer(256));
    writeFrameHead(view, 0, 1, 5, payload, 3);
    expect(readFrameHead(view, 0, 256)).toMatchObject({ payload, dataOffset: frameDataOffset(payload) });
  });

  it("has, for one frame of each kind, the bytes that are on every wire", () => {
    const hex = (payload: Payload, bytes: number) => {
      const view = new DataView(new ArrayBuffer(64));
      writeFrameHead(view, 0, 0x0102, -2, payload, bytes);
      return new Uint8Array(view.buffer, 0, 32).toHex();
    };
    expect(hex({ kind: "bytes" }, 3)).toBe(
      "00000201000000000000000003000000feffffffffffffff0000000000000000",
    );
    expect(hex({ kind: "audio", rate: 48_000, channels: 2, format: "f32le" }, 8)).toBe(
      "0302020180bb00000200000008000000feffffffffffffff0000000000000000",
    );
    expect(hex({ kind: "video", width: 640, height: 480, format: "nv12" }, 0)).toBe(
      "0404020180020000e001000000000000feffffffffffffff0000000000000000",
    );
    expect(hex({ kind: "tensor", element: "float32", shape: [1, 3] }, 12)).toBe(
      "050602010200000000000000" + "0c000000feffffffffffffff" + "0100000003000000",
    );
    expect(hex({ kind: "encoded", codec: "opus" }, 1)).toBe(
      "060002010400000000000000" + "01000000feffffffffffffff" + "6f70757300000000",
    );
  });
});
