// The NUT reader on what FFmpeg writes, whole, damaged and made up.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FieldWriter } from "../../../../agent/native/nut/field-writer.ts";
import { frameFlags, nutMagic, startCodes } from "../../../../agent/native/nut/nut-codes.ts";
import { readNut } from "../../../../agent/native/nut/nut-reader.ts";
import type { NutPayload } from "../../../../agent/native/nut/nut-stream.ts";
import { NutWriter } from "../../../../agent/native/nut/nut-writer.ts";
import { RemoteMediaError } from "../../../../platform/base/error.ts";
import { chunked, collect, collectAll, ours } from "../chunked.ts";
import { asNut, framesOf } from "./ffmpeg-nut.ts";

const picture = (size: string, seconds = 0.3) => {
  return ["-f", "lavfi", "-i", `testsrc=s=${size}:r=30000/1001:d=${seconds}`];
};
const tone = ["-f", "lavfi", "-i", "sine=440:r=44100:d=0.3"];
const raw = (pixels: string) => ["-c:v", "rawvideo", "-pix_fmt", pixels];
const read = (bytes: Uint8Array, sizes?: readonly number[]) => collect(readNut(chunked(bytes, sizes)));

async function packetsOf(bytes: Uint8Array, sizes?: readonly number[]) {
  const items = await collectAll(readNut(chunked(bytes, sizes)));
  return items.flatMap((item) => (item.kind === "packet" ? [item] : []));
}

const md5 = (data: Uint8Array) => createHash("md5").update(data).digest("hex");

/** Compares with FFmpeg's own reading: every packet, its time and its bytes. */
async function expectAsFfmpegReads(nut: Uint8Array, sizes?: readonly number[]) {
  const packets = await packetsOf(nut, sizes);
  const found = packets.map(({ stream, ptsUs, data }) => ({ stream: stream.index, ptsUs, hash: md5(data) }));
  const order = (a: (typeof found)[0], b: (typeof found)[0]) => a.stream - b.stream || a.ptsUs - b.ptsUs;
  expect(found.length).toBeGreaterThan(0);
  expect(found.sort(order)).toEqual(framesOf(nut).sort(order));
  return packets;
}

describe("What FFmpeg writes", () => {
  it.each([
    ["yuv420p", "i420"],
    ["nv12", "nv12"],
    ["gray", "gray8"],
    ["rgb24", "rgb24"],
    ["rgba", "rgba32"],
  ])("is read with its times and bytes: pictures of %s", async (pixels, format) => {
    const nut = asNut(...picture("64x48"), ...raw(pixels));
    const packets = await expectAsFfmpegReads(nut);
    expect(packets[0]!.stream).toEqual({
      index: 0,
      payload: { kind: "video", width: 64, height: 48, format },
    });
    expect(packets.map(({ ptsUs }) => ptsUs).slice(0, 4)).toEqual([0, 33_367, 66_733, 100_100]);
  });

  it.each(["s16le", "s32le", "f32le"])("is read with its times and bytes: samples of %s", async (format) => {
    const packets = await expectAsFfmpegReads(asNut(...tone, "-c:a", `pcm_${format}`, "-ac", "2"));
    const payload = { kind: "audio", rate: 44_100, channels: 2, format };
    expect(packets[0]!.stream).toEqual({ index: 0, payload });
    expect(packets[1]!.ptsUs).toBe(Math.round((1024 * 1e6) / 44_100));
  });

  it("is read where pictures and sound come together, also in odd sizes and chunks of a byte", async () => {
    const nut = asNut(...picture("35x17"), ...tone, ...raw("yuv420p"), "-c:a", "pcm_s16le");
    for (const sizes of [[1], [3, 1000], [65_536]]) await expectAsFfmpegReads(nut, sizes);
    const items = await collectAll(readNut(chunked(nut)));
    expect(items[0]).toMatchObject({
      kind: "streams",
      streams: [
        { index: 0, payload: { kind: "video", width: 35, height: 17 } },
        { index: 1, payload: { kind: "audio" } },
      ],
    });
  });

  it("is read at wall clock's times of a variable rate, to the microsecond", async () => {
    const times = "settb=1/1000000,setpts=1700000000000000+N*33333+mod(N*7919\\,5000)";
    const exact = ["-vf", times, "-fps_mode", "passthrough", "-enc_time_base", "1:1000000"];
    const nut = asNut("-copyts", ...picture("16x16"), ...exact, ...raw("gray"));
    const packets = await expectAsFfmpegReads(nut);
    const expected = packets.map((_, n) => 1_700_000_000_000_000 + n * 33_333 + ((n * 7919) % 5000));
    expect(packets.map(({ ptsUs }) => ptsUs)).toEqual(expected);
  });

  it("is read where FFmpeg moved negative times to 0", async () => {
    const exact = ["-vf", "settb=1/1000000,setpts=N*33333-50000", "-fps_mode", "passthrough"];
    const packets = await packetsOf(
      asNut("-copyts", ...picture("16x16"), ...exact, "-enc_time_base", "1:1000000", ...raw("gray")),
    );
    expect(packets.map(({ ptsUs }) => ptsUs).slice(0, 3)).toEqual([0, 33_333, 66_666]);
  });

  it("is handed on without a copy where a packet lies in one chunk", async () => {
    const nut = asNut(...picture("64x48"), ...raw("gray"));
    const [first] = await packetsOf(nut, [nut.length]);
    expect(first!.data.buffer.byteLength).toBe(nut.length);
  });
});

describe("Beginnings that are left out", () => {
  const sound = { kind: "audio", rate: 8000, channels: 1, format: "s16le" } as const;
  const { key, codedPts, sizeMsb, checksum, invalid } = frameFlags;
  // FFmpeg declares them always, and uses them for compressed media only; others may use them for any.
  const main = new FieldWriter().numbers(3, 1, 65_536, 1, 1, 1_000_000);
  main.numbers(invalid, 6, 0, 1, 0, 0, 0, 1);
  main.numbers(key | codedPts | sizeMsb | checksum, 8, 0, 1, 0, 0, 0, 1, 0, 1);
  main.numbers(invalid, 6, 0, 1, 0, 0, 0, 253, 1).text("\x01\x02\x03");
  const written = new NutWriter([sound]).header();
  const head = [
    written.subarray(0, nutMagic.length),
    main.packet(startCodes.main),
    written.subarray(Buffer.from(written).indexOf("NS\x11")),
  ];
  const frame = (ptsUs: number, size: number, rest: Uint8Array) => {
    const fields = new FieldWriter().byte(1).numbers(ptsUs + 1, size);
    return [fields.checksum().toBytes(), rest];
  };

  it("are put before a packet, unless it is of more than 4,096 bytes", async () => {
    const [short, long] = [Uint8Array.of(4, 5, 6, 7, 8), new Uint8Array(5000).fill(9)];
    const nut = Buffer.concat([...head, ...frame(1, 8, short), ...frame(2, 5000, long)]);
    for (const sizes of [[1], [65_536]]) {
      const packets = await packetsOf(new Uint8Array(nut), sizes);
      expect(packets.map(({ data }) => [...data.subarray(0, 9)])).toEqual([
        [1, 2, 3, 4, 5, 6, 7, 8],
        Array(9).fill(9),
      ]);
    }
    expect(framesOf(new Uint8Array(nut)).map(({ hash }) => hash)).toEqual([
      md5(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
      md5(long),
    ]);
  });

  it("are refused where the packet is shorter", async () => {
    const nut = Buffer.concat([...head, ...frame(1, 2, new Uint8Array(0))]);
    ours((await read(new Uint8Array(nut))).error, "input-invalid");
  });
});

describe("Headers within a stream", () => {
  const gray = { kind: "video", width: 4, height: 4, format: "gray8" } as const;
  const joinedWith = (again: NutPayload) => {
    const writer = new NutWriter([gray]);
    const repeated = new NutWriter([again]).header().subarray(nutMagic.length);
    const packet = (ptsUs: number) => writer.packet(0, ptsUs, new Uint8Array(16));
    return new Uint8Array(Buffer.concat([writer.header(), ...packet(1), repeated, ...packet(2)]));
  };

  it("are passed over where they repeat the first ones, as writers may", async () => {
    const packets = await packetsOf(joinedWith(gray));
    expect(packets.map(({ ptsUs }) => ptsUs)).toEqual([1, 2]);
  });

  it("are refused where they say something else", async () => {
    const { items, error } = await read(joinedWith({ ...gray, width: 2, height: 8 }));
    expect(items.length).toBe(2);
    expect(ours(error, "input-invalid").message).toContain("repeated differently");
  });
});

describe("What can't be read", () => {
  const small = asNut(...picture("16x16"), ...tone, ...raw("gray"), "-c:a", "pcm_s16le");

  it("is a stream that ends within a packet, wherever it is cut", async () => {
    const whole = (await packetsOf(small)).length;
    for (let cut = 1; cut < small.length; cut += cut < 700 ? 1 : 97) {
      const { items, error } = await read(small.subarray(0, cut));
      expect(items.length).toBeLessThanOrEqual(whole + 1);
      if (error !== undefined) ours(error, "input-broken");
      // Only between two packets may it seem whole.
      else expect(items.every((item) => item.kind === "streams" || item.data.length > 0)).toBe(true);
    }
    expect((await read(new Uint8Array(0))).items).toEqual([]);
  });

  it("is another container, codec or layout, and the message says which", async () => {
    const codeOf = async (bytes: Uint8Array) => ours((await read(bytes)).error, "input-invalid").message;
    expect(await codeOf(asNut(...picture("16x16"), ...raw("yuv444p")))).toContain('codec "444P"');
    expect(await codeOf(asNut(...picture("16x16"), "-c:v", "mpeg4"))).toContain("class 0");
    expect(await codeOf(asNut(...tone, "-c:a", "pcm_s24le"))).toContain("class 1");
    expect(await codeOf(new TextEncoder().encode("RIFF\0\0\0\0WAVEfmt etc. and on"))).toContain("no NUT");
  });

  it("is a header with a changed byte", async () => {
    const start = Buffer.from(small).indexOf("NS");
    for (let at = start + 8; at < start + 30; at++) {
      const damaged = small.slice();
      damaged[at]! ^= 0x10;
      const { error } = await read(damaged);
      expect(error).toBeInstanceOf(RemoteMediaError);
    }
  });

  it("is a packet's head with a changed byte, or one whose data isn't the stream's picture", async () => {
    const gray = (width: number) => new NutWriter([{ kind: "video", width, height: 4, format: "gray8" }]);
    const header = gray(4).header();
    const [head, data] = gray(4).packet(0, 1000, new Uint8Array(16));
    // The time: another one would be believed.
    head[head.length - 6]! ^= 1;
    ours((await read(new Uint8Array(Buffer.concat([header, head, data])))).error, "input-invalid");
    for (const width of [3, 5]) {
      const other = gray(width).packet(0, 1000, new Uint8Array(width * 4));
      const { error } = await read(new Uint8Array(Buffer.concat([header, ...other])));
      expect(ours(error, "input-invalid").message).toContain(`${width * 4} bytes instead of 16`);
    }
  });

  it("names the file that was read", async () => {
    const { error } = await collect(readNut(chunked(small.subarray(0, 300)), { file: "/dev/video0" }));
    expect(ours(error, "input-broken").where).toEqual({ file: "/dev/video0" });
  });

  it("never hangs nor throws anything else, whatever headers with right checksums say", async () => {
    const written = new NutWriter([{ kind: "audio", rate: 8000, channels: 1, format: "s16le" }]).header();
    const streamAt = Buffer.from(written).indexOf("NS\x11");
    const field = fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, fc.nat(300), fc.nat(Number.MAX_SAFE_INTEGER));
    const fields = fc.array(field, { maxLength: 60 });
    const packet = (values: readonly number[], code: bigint) =>
      new FieldWriter().numbers(...values).packet(code);
    await fc.assert(
      fc.asyncProperty(fields, fields, fc.boolean(), fc.uint8Array({ maxLength: 300 }), async (...drawn) => {
        const [mainFields, streamFields, isMainRight, rest] = drawn;
        const main = isMainRight
          ? written.subarray(nutMagic.length, streamAt)
          : packet([3, 1, 9, 1, 1, 25, ...mainFields], startCodes.main);
        const stream = packet([0, ...streamFields], startCodes.stream);
        const sync = packet(streamFields, startCodes.syncpoint);
        const magic = written.subarray(0, nutMagic.length);
        const { error } = await read(new Uint8Array(Buffer.concat([magic, main, stream, sync, rest])), [50]);
        if (error !== undefined) {
          expect(["input-invalid", "input-broken"]).toContain((error as RemoteMediaError).code);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("never hangs nor throws anything else, whatever the bytes", async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc
        .array(fc.tuple(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 8,
        })
        .map((changes) => {
          const damaged = small.slice();
          for (const [at, change] of changes) damaged[at]! ^= change;
          return damaged;
        }),
      fc.tuple(fc.nat(small.length), fc.uint8Array({ maxLength: 64 })).map(([at, more]) => {
        return new Uint8Array(Buffer.concat([small.subarray(0, at), more, small.subarray(at)]));
      }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (input) => {
        const { error } = await read(input, [777]);
        if (error !== undefined)
          expect(["input-invalid", "input-broken"]).toContain((error as RemoteMediaError).code);
      }),
      { numRuns: 2000 },
    );
  });
});
