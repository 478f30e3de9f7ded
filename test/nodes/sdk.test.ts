// The guest SDK, through components built with it: ABI, ownership of memory, params, JSON.
import { beforeAll, describe, expect, test } from "vitest";
import type { Frame, Payload } from "../../agent/node/frame.ts";
import { type LoadedNode, loadNode, NodeRefusal } from "./load-node.ts";

let passThrough: () => LoadedNode;
let multiply: () => LoadedNode;
let add: () => LoadedNode;

beforeAll(async () => {
  passThrough = await loadNode("PassThrough");
  multiply = await loadNode("MultiplyNode");
  add = await loadNode("AddNode");
});

function opened(make: () => LoadedNode, params: object = {}): LoadedNode {
  const node = make();
  node.open(params);
  return node;
}

function frameOf(payload: Payload, data: Uint8Array, pts = 0, port = "in"): Frame {
  return { port, pts, payload, data };
}

function jsonFrame(value: unknown, pts = 0): Frame {
  return frameOf({ kind: "json" }, new TextEncoder().encode(JSON.stringify(value)), pts);
}

function jsonOf(frames: Frame[]): unknown {
  return JSON.parse(new TextDecoder().decode(frames[0]!.data));
}

const samples = Uint8Array.from({ length: 64 }, (_, i) => i);
const payloads: Payload[] = [
  { kind: "bytes" },
  { kind: "text" },
  { kind: "json" },
  { kind: "audio", rate: 48000, channels: 2, format: "s16le" },
  { kind: "audio", rate: 384000, channels: 8, format: "f32le" },
  { kind: "video", width: 8, height: 8, format: "gray8" },
  { kind: "tensor", element: "uint8", shape: [4, 4, 4] },
  { kind: "tensor", element: "float64", shape: [8] },
  { kind: "encoded", codec: "h264" },
];

describe("PassThrough", () => {
  test.each(payloads)("hands a frame on unchanged: %o", (payload) => {
    const frame = frameOf(payload, samples, -7_000_000_000_123);
    expect(opened(passThrough).process(frame)).toEqual([{ ...frame, port: "out" }]);
  });

  test("hands on an empty frame and a scalar tensor", () => {
    const node = opened(passThrough);
    expect(node.process(frameOf({ kind: "bytes" }, new Uint8Array()))[0]!.data).toHaveLength(0);
    const scalar = frameOf({ kind: "tensor", element: "uint8", shape: [] }, Uint8Array.of(9));
    expect(node.process(scalar)).toEqual([{ ...scalar, port: "out" }]);
  });

  test("hands on 8 MB without a second copy in its memory", () => {
    const node = opened(passThrough);
    const data = new Uint8Array(8_000_000).fill(3);
    expect(Buffer.compare(node.process(frameOf({ kind: "bytes" }, data))[0]!.data, data)).toBe(0);
    expect(node.memoryBytes()).toBeLessThan(9_000_000);
  });

  test("its memory stays flat over 100,000 frames of changing size", () => {
    const node = opened(passThrough);
    const sizes = [0, 1, 640, 1920, 33, 4096].map((size) => new Uint8Array(size));
    const feed = (count: number) => {
      for (let i = 0; i < count; i++) node.process(frameOf({ kind: "bytes" }, sizes[i % sizes.length]!));
    };
    feed(1000);
    const before = node.memoryBytes();
    feed(100_000);
    expect(node.memoryBytes()).toBe(before);
  });
});

describe("MultiplyNode and AddNode", () => {
  test("compute (x * 2) + 10", () => {
    const double = opened(multiply, { factor: 2 });
    const plusTen = opened(add, { addend: 10 });
    const results = [1, 2, 3].map((x) =>
      jsonOf(plusTen.process({ ...double.process(jsonFrame(x))[0]!, port: "in" })),
    );
    expect(results).toEqual([12, 14, 16]);
  });

  test("map nested arrays elementwise and keep their shape", () => {
    const value = [1, [2.5, []], [[-3e-5]], 0.1];
    expect(jsonOf(opened(multiply, { factor: 10 }).process(jsonFrame(value)))).toEqual([
      10,
      [25, []],
      [[-3e-5 * 10]],
      1,
    ]);
  });

  test("write whole numbers without a fraction", () => {
    const [frame] = opened(multiply, { factor: 2 }).process(jsonFrame(6));
    expect(new TextDecoder().decode(frame!.data)).toBe("12");
  });

  test.each([0.1, 1 / 3, 123456.789, 5e-324, -2.5e-7, 1e21, 9007199254740991])(
    "read and write %d as JavaScript does",
    (x) => {
      expect(jsonOf(opened(multiply, { factor: 1 }).process(jsonFrame(x)))).toBe(x);
    },
  );

  test.each(['{"a":1}', '"text"', "[1,", "[1 2]", "", "1 2", "nul", "[1]]", "-", "1e"])(
    "refuse %s",
    (text) => {
      const node = opened(add, { addend: 1 });
      const frame = frameOf({ kind: "json" }, new TextEncoder().encode(text));
      expect(() => node.process(frame)).toThrow(NodeRefusal);
      expect(jsonOf(node.process(jsonFrame(1)))).toBe(2);
    },
  );

  test("change float tensors and audio in place, clipping integer samples", () => {
    const tensor = frameOf(
      { kind: "tensor", element: "float32", shape: [5] },
      new Uint8Array(Float32Array.of(1, 2, 3, 4, -5).buffer),
    );
    const [scaled] = opened(multiply, { factor: 1.5 }).process(tensor);
    expect([...new Float32Array(scaled!.data.buffer)]).toEqual([1.5, 3, 4.5, 6, -7.5]);
    const audio = frameOf(
      { kind: "audio", rate: 8000, channels: 1, format: "s16le" },
      new Uint8Array(Int16Array.of(100, -100, 20000, -20000, 0, 1, 2, 3, 4).buffer),
    );
    const [louder] = opened(multiply, { factor: 2 }).process(audio);
    expect([...new Int16Array(louder!.data.buffer)]).toEqual([200, -200, 32767, -32768, 0, 2, 4, 6, 8]);
  });

  test("refuse params of the wrong type with the key's name", () => {
    expect(() => opened(multiply, { factor: "2" })).toThrow(/^factor: not a number$/);
  });

  test("reject audio that ends inside a sample, and go on", () => {
    const node = opened(multiply);
    const audio: Payload = { kind: "audio", rate: 8000, channels: 2, format: "s16le" };
    expect(() => node.process(frameOf(audio, new Uint8Array(6)))).toThrow(/inside a sample/);
    expect(node.process(frameOf(audio, new Uint8Array(8)))).toHaveLength(1);
  });

  test("their memory stays flat over 100,000 frames and refusals", () => {
    const node = opened(multiply);
    const good = jsonFrame([1.25, 2, 3]);
    const bad = jsonFrame({});
    const feed = (count: number) => {
      for (let i = 0; i < count; i++) {
        if (i % 10 === 9) expect(() => node.process(bad)).toThrow(NodeRefusal);
        else node.process(good);
      }
    };
    feed(1000);
    const before = node.memoryBytes();
    feed(100_000);
    expect(node.memoryBytes()).toBe(before);
  });
});
