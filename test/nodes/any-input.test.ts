// Whatever comes in, a node answers with frames or a refusal: it never traps, and its memory stays within bounds.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  elementTypes,
  type Frame,
  type Payload,
  pixelFormats,
  sampleFormats,
} from "../../agent/node/frame.ts";
import { listNodeSources } from "../../scripts/nodes/node-source.ts";
import { type LoadedNode, loadNode, NodeRefusal } from "./load-node.ts";

const u32 = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.constantFrom(8000, 16000, 44100, 48000, 0xffffffff));
const channels = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(33, 65535));

const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.constantFrom<Payload>(
    { kind: "bytes" },
    { kind: "text" },
    { kind: "json" },
    { kind: "encoded", codec: "" },
  ),
  fc.record({
    kind: fc.constant("audio" as const),
    rate: u32,
    channels,
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
    shape: fc.array(u32, { maxLength: 4 }),
  }),
);

/** Half of the data has just the size that the payload asks for, as far as that is small. */
const frame: fc.Arbitrary<Frame> = fc
  .record({
    port: fc.constantFrom("in", "", "größe"),
    pts: fc.oneof(fc.integer({ min: 0, max: 3_000_000 }), fc.maxSafeInteger()),
    payload,
    data: fc.uint8Array({ maxLength: 5000 }),
    fits: fc.boolean(),
    text: fc.oneof(fc.json(), fc.string()),
  })
  .map(({ port, pts, payload, data, fits, text }) => {
    if (payload.kind === "json" || payload.kind === "text") {
      return { port, pts, payload, data: new TextEncoder().encode(text) };
    }
    const size = fits ? sizeOf(payload) : undefined;
    if (size === undefined || size > 100_000) return { port, pts, payload, data };
    return {
      port,
      pts,
      payload,
      data: Uint8Array.from({ length: size }, (_, i) => data[i % (data.length || 1)] ?? 0),
    };
  });

function sizeOf(payload: Payload): number | undefined {
  if (payload.kind === "audio") return payload.channels * (payload.format === "s16le" ? 2 : 4) * 160;
  if (payload.kind !== "video") return undefined;
  const { width, height, format } = payload;
  const chroma = ((width + 1) >> 1) * ((height + 1) >> 1) * 2;
  const planes = { gray8: 1, rgb24: 3, rgba32: 4, i420: 1, nv12: 1 }[format] * width * height;
  return planes + (format === "i420" || format === "nv12" ? chroma : 0);
}

/** What the call gave, or how often it refused. Anything else than a refusal is thrown on. */
function attempt(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch (thrown) {
    if (thrown instanceof NodeRefusal) return false;
    throw thrown;
  }
}

describe.each(listNodeSources())("$descriptor.name", ({ descriptor }) => {
  // VideoResize must be told a size.
  const params = "width" in ((descriptor.params?.["properties"] ?? {}) as object) ? { width: 20 } : {};

  test("never traps on frames", async () => {
    const make = await loadNode(descriptor.name);
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), (frames) => {
        const node: LoadedNode = make();
        node.open(params);
        for (const one of frames) attempt(() => node.process(one));
        attempt(() => node.flush());
        expect(node.memoryBytes()).toBeLessThan(64 * 1024 * 1024);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test("never traps on params", async () => {
    const make = await loadNode(descriptor.name);
    const names = Object.keys((descriptor.params?.["properties"] ?? {}) as object);
    const known = fc.dictionary(fc.constantFrom(...names, "other"), fc.jsonValue({ maxDepth: 2 }));
    fc.assert(
      fc.property(fc.oneof(known, fc.jsonValue()), (value) => {
        attempt(() => make().open(value as object));
      }),
      { numRuns: 60, seed: 7 },
    );
  });
});
