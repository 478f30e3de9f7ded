// The NUT writer: FFmpeg and our own reader give back what went in.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNut } from "../../../../agent/native/nut/nut-reader.ts";
import type { NutPayload } from "../../../../agent/native/nut/nut-stream.ts";
import { NutWriter } from "../../../../agent/native/nut/nut-writer.ts";
import { pixelFormats, sampleBytes, sampleFormats } from "../../../../agent/node/frame.ts";
import { pictureBytes } from "../../../../agent/node/payload-check.ts";
import type { RemoteMediaError } from "../../../../platform/base/error.ts";
import { chunked, collectAll } from "../chunked.ts";
import { framesOf } from "./ffmpeg-nut.ts";

interface Packet {
  readonly stream: number;
  readonly ptsUs: number;
  readonly data: Uint8Array;
}

function written(streams: readonly NutPayload[], packets: readonly Packet[]): Uint8Array {
  const writer = new NutWriter(streams);
  const pieces = packets.flatMap(({ stream, ptsUs, data }) => writer.packet(stream, ptsUs, data));
  return new Uint8Array(Buffer.concat([writer.header(), ...pieces]));
}

const video = (format: (typeof pixelFormats)[number], width = 18, height = 10) =>
  ({ kind: "video", width, height, format }) as const;
const audio = (format: (typeof sampleFormats)[number], rate = 16_000, channels = 2) =>
  ({ kind: "audio", rate, channels, format }) as const;
const bytesOf = (payload: NutPayload, samples = 40) =>
  payload.kind === "video"
    ? pictureBytes(payload.width, payload.height, payload.format)
    : samples * payload.channels * sampleBytes[payload.format];
const filled = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + seed * 31) & 255);

async function expectSame(streams: readonly NutPayload[], packets: readonly Packet[], sizes?: number[]) {
  const items = await collectAll(readNut(chunked(written(streams, packets), sizes)));
  const [first, ...rest] = items;
  if (packets.length === 0) return expect(items).toEqual([]);
  const declared = streams.map((payload, index) => ({ index, payload }));
  expect(first).toEqual({ kind: "streams", streams: declared });
  expect(rest).toEqual(
    packets.map((packet) => ({ kind: "packet", ...packet, stream: declared[packet.stream] })),
  );
}

describe("What is written", () => {
  const streams = [
    ...pixelFormats.map((format) => video(format)),
    ...sampleFormats.map((format) => audio(format)),
  ];

  it("is read by FFmpeg with its very times and bytes, in every format", () => {
    const packets = Array.from({ length: 40 }, (_, n): Packet => {
      const stream = n % streams.length;
      const ptsUs = n * 33_333 + ((n * 7919) % 5000);
      return { stream, ptsUs, data: filled(bytesOf(streams[stream]!), n) };
    });
    const md5 = (data: Uint8Array) => createHash("md5").update(data).digest("hex");
    const expected = packets.map(({ stream, ptsUs, data }) => ({ stream, ptsUs, hash: md5(data) }));
    const order = (a: (typeof expected)[0], b: (typeof expected)[0]) => a.ptsUs - b.ptsUs;
    expect(framesOf(written(streams, packets)).sort(order)).toEqual(expected.sort(order));
  });

  it("is read by FFmpeg over hours, pauses and wall clock's times, of pictures larger than its distances", () => {
    const times = [0, 1, 33_334, 7_200_000_000, 7_200_000_001, 1_700_000_000_000_001, 1_700_000_000_033_334];
    const payload = video("rgba32", 320, 240);
    const packets = times.map((ptsUs, n) => ({ stream: 0, ptsUs, data: filled(bytesOf(payload), n) }));
    expect(framesOf(written([payload], packets)).map(({ ptsUs }) => ptsUs)).toEqual(times);
  });

  it("is read back as it was, whatever it was", async () => {
    const payload = fc.oneof(
      fc.record({
        kind: fc.constant("video" as const),
        width: fc.integer({ min: 1, max: 40 }),
        height: fc.integer({ min: 1, max: 40 }),
        format: fc.constantFrom(...pixelFormats),
      }),
      fc.record({
        kind: fc.constant("audio" as const),
        rate: fc.integer({ min: 1, max: 1_536_000 }),
        channels: fc.integer({ min: 1, max: 256 }),
        format: fc.constantFrom(...sampleFormats),
      }),
    );
    const packet = fc.tuple(
      fc.nat(7),
      fc.oneof(fc.nat(), fc.maxSafeInteger().map(Math.abs)).map((us) => Math.min(us, 2 ** 53 - 2)),
      fc.integer({ min: 1, max: 9 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(payload, { minLength: 1, maxLength: 8 }),
        fc.array(packet, { maxLength: 12 }),
        fc.integer({ min: 1, max: 3000 }),
        async (payloads, drawn, size) => {
          const packets = drawn.map(([number, ptsUs, samples], n): Packet => {
            const stream = number % payloads.length;
            return { stream, ptsUs, data: filled(bytesOf(payloads[stream]!, samples), n) };
          });
          await expectSame(payloads, packets, [size]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("takes what it is given as it is, without a copy", () => {
    const data = filled(180, 1);
    expect(new NutWriter([video("gray8")]).packet(0, 0, data)[1]).toBe(data);
  });

  it("is refused where it isn't what the stream declared", () => {
    const writer = new NutWriter([video("gray8"), audio("s16le")]);
    const codes = [
      () => writer.packet(2, 0, filled(180, 0)),
      () => writer.packet(0, -1, filled(180, 0)),
      () => writer.packet(0, 0.5, filled(180, 0)),
      () => writer.packet(0, 2 ** 53, filled(180, 0)),
      () => writer.packet(0, 0, filled(181, 0)),
      () => writer.packet(1, 0, filled(6, 0)),
      () => new NutWriter([]),
      () => new NutWriter(Array.from({ length: 9 }, () => audio("s16le"))),
    ].map((attempt) => {
      try {
        attempt();
        return "none";
      } catch (error) {
        return (error as RemoteMediaError).code;
      }
    });
    expect(new Set(codes)).toEqual(new Set(["internal"]));
  });
});
