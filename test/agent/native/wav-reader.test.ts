// WAVs as every program writes them, and as none should.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleTimeUs } from "../../../agent/native/wav-format.ts";
import { readWav } from "../../../agent/native/wav-reader.ts";
import { wavHeader } from "../../../agent/native/wav-writer.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { chunked, collect, collectAll, joined, ours } from "./chunked.ts";
import { chunk, extensible, fmt, id, riff, u16, u32 } from "./riff.ts";

const read = (bytes: Uint8Array, frameMs?: number, sizes?: number[]) =>
  collect<Frame>(readWav(chunked(bytes, sizes), { port: "in", frameMs, file: "x.wav" }));

const samples = (count: number) => Array.from({ length: count }, (_, index) => [...u16(index)]).flat();

describe("a WAV's frames", () => {
  it("last 20 ms each, the last one what is left, with times counted from the samples", async () => {
    const { items, error } = await read(riff([...fmt(), ...chunk("data", samples(400))]));
    expect(error).toBeUndefined();
    expect(items.map(({ pts, data }) => [pts, data.length])).toEqual([
      [0, 320],
      [20_000, 320],
      [40_000, 160],
    ]);
    expect(items[0]!.port).toBe("in");
    expect(items[0]!.payload).toEqual({ kind: "audio", rate: 8000, channels: 1, format: "s16le" });
    expect([...joined(items)]).toEqual(samples(400));
  });

  it("have times that don't drift at a rate that no frame divides", async () => {
    const { items } = await read(
      riff([...fmt({ rate: 11_025 }), ...chunk("data", new Uint8Array(11_025 * 2 * 2))]),
      20,
    );
    const perFrame = items[0]!.data.length / 2;
    items.forEach((frame, index) => {
      expect(Math.abs(frame.pts - (index * perFrame * 1e6) / 11_025)).toBeLessThanOrEqual(0.5);
    });
  });

  it("have exact times also after a thousand hours", () => {
    const sample = 1000 * 3600 * 44_100 + 1;
    expect(BigInt(sampleTimeUs(sample, 44_100))).toBe((BigInt(sample) * 1_000_000n * 2n + 44_100n) / 88_200n);
  });

  it("hold one sample at least, also where a frame's duration is less", async () => {
    const { items } = await read(riff([...fmt({ rate: 1 }), ...chunk("data", samples(3))]));
    expect(items.map(({ pts }) => pts)).toEqual([0, 1_000_000, 2_000_000]);
  });
});

describe("a WAV's samples", () => {
  const one = async (format: number[], data: number[]) => {
    const frames = await collectAll(
      readWav(chunked(riff([...format, ...chunk("data", data)])), { port: "in" }),
    );
    return { format: (frames[0]!.payload as { format: string }).format, data: joined(frames) };
  };

  it("of 8 bits become s16le around zero", async () => {
    const { format, data } = await one(fmt({ bits: 8 }), [0, 128, 255]);
    expect(format).toBe("s16le");
    expect([...new Int16Array(data.buffer)]).toEqual([-32_768, 0, 32_512]);
  });

  it("of 24 bits become s32le, moved up", async () => {
    const { format, data } = await one(fmt({ bits: 24 }), [1, 0, 0, 0xff, 0xff, 0xff, 0, 0, 0x80]);
    expect(format).toBe("s32le");
    expect([...new Int32Array(data.buffer)]).toEqual([256, -256, -2_147_483_648]);
  });

  it("of 64-bit floats become f32le", async () => {
    const { format, data } = await one(fmt({ tag: 3, bits: 64 }), [
      ...new Uint8Array(new Float64Array([0.5, -1]).buffer),
    ]);
    expect(format).toBe("f32le");
    expect([...new Float32Array(data.buffer)]).toEqual([0.5, -1]);
  });

  it("of 32-bit integers and floats and of the extensible format stay as they are", async () => {
    const bytes = [1, 2, 3, 4];
    for (const [format, name] of [
      [fmt({ bits: 32 }), "s32le"],
      [fmt({ tag: 3, bits: 32 }), "f32le"],
      [extensible(1, { bits: 16, channels: 2 }), "s16le"],
      [extensible(3, { bits: 32 }), "f32le"],
    ] as const) {
      const got = await one([...format], bytes);
      expect(got.format).toBe(name);
      expect([...got.data]).toEqual(bytes);
    }
  });

  it("of 20 bits lie in 24", async () => {
    expect((await one(fmt({ bits: 20, blockBytes: 3 }), [0x10, 0, 0])).format).toBe("s32le");
  });
});

describe("a WAV's chunks", () => {
  const data = samples(10);

  it("that are unknown, odd-sized, or after the samples are passed over", async () => {
    const file = riff([
      ...chunk("LIST", id("INFOISFT")),
      ...chunk("odd ", [1, 2, 3]),
      ...fmt(),
      ...chunk("fact", u32(10)),
      ...chunk("bext", new Uint8Array(603)),
      ...chunk("data", data),
      ...chunk("id3 ", [9, 9, 9]),
    ]);
    const { items, error } = await read(file);
    expect(error).toBeUndefined();
    expect([...joined(items)]).toEqual(data);
  });

  for (const [name, size, riffSize] of [
    ["all ones, as FFmpeg leaves", 0xffff_ffff, 0xffff_ffff],
    ["just under 2 GiB, as espeak-ng and sox leave", 0x7fff_f000, 0x7fff_f024],
    ["2 GiB, as arecord leaves", 0x8000_0000, 0x8000_0024],
    ["zero under a RIFF that ends there, as a killed recorder leaves", 0, 36],
    ["zero under a RIFF of zero", 0, 0],
  ] as const) {
    it(`of samples with the size ${name} go on to the end`, async () => {
      const { items, error } = await read(riff([...fmt(), ...id("data"), ...u32(size), ...data], riffSize));
      expect(error).toBeUndefined();
      expect([...joined(items)]).toEqual(data);
    });
  }

  it("of samples that are truly empty give no frame, also with others after them", async () => {
    expect((await read(riff([...fmt(), ...chunk("data", [])]))).items).toEqual([]);
    const { items, error } = await read(riff([...fmt(), ...chunk("data", []), ...chunk("LIST", data)]));
    expect(error).toBeUndefined();
    expect(items).toEqual([]);
  });

  for (const magic of ["RF64", "BW64"]) {
    it(`of an ${magic} have their size in ds64`, async () => {
      const long = chunk("ds64", [
        ...u32(0),
        ...u32(0),
        ...u32(6),
        ...u32(0),
        ...u32(3),
        ...u32(0),
        ...u32(0),
      ]);
      const file = riff([...long, ...fmt(), ...chunk("data", data, 0xffff_ffff)], 0xffff_ffff, magic);
      expect([...joined((await read(file)).items)]).toEqual(data.slice(0, 6));
    });
  }

  it("of an RF64 beyond 4 GiB that is cut short are told in full", async () => {
    const long = chunk("ds64", [
      ...u32(0),
      ...u32(2),
      ...u32(20),
      ...u32(2),
      ...u32(0),
      ...u32(0),
      ...u32(0),
    ]);
    const file = riff([...long, ...fmt(), ...chunk("data", data, 0xffff_ffff)], 0xffff_ffff, "RF64");
    const { items, error } = await read(file);
    expect([...joined(items)]).toEqual(data);
    expect(ours(error, "input-broken").message).toContain(String(2 * 2 ** 32 + 20));
  });
});

describe("a WAV that is cut short", () => {
  it("gives what there is and then says what was expected and what came", async () => {
    const { items, error } = await read(riff([...fmt(), ...chunk("data", samples(200), 1000)]));
    expect([...joined(items)]).toEqual(samples(200));
    const broken = ours(error, "input-broken");
    expect(broken.message).toContain("1000");
    expect(broken.message).toContain("400");
    expect(broken.where?.file).toBe("x.wav");
  });

  it("within a sample gives the whole samples before", async () => {
    const { items, error } = await read(
      riff([...fmt({ channels: 2 }), ...chunk("data", [1, 2, 3, 4, 5, 6], 8)]),
    );
    expect([...joined(items)]).toEqual([1, 2, 3, 4]);
    ours(error, "input-broken");
  });

  it("anywhere in its header is refused without a frame", async () => {
    const whole = riff([...fmt(), ...chunk("LIST", [1, 2, 3]), ...chunk("data", samples(1))]);
    for (let length = 1; length < whole.length - 2; length++) {
      const { items, error } = await read(whole.slice(0, length));
      expect(items).toEqual([]);
      expect((error as RemoteMediaError).code, `${length} bytes`).toMatch(/^input-(broken|invalid)$/);
    }
  });
});

describe("a header that can't be true", () => {
  const refused: [string, Uint8Array][] = [
    ["nothing at all", new Uint8Array(0)],
    ["text", Uint8Array.from(id("this is not a WAV file at all"))],
    ["a RIFF of something else", Uint8Array.from([...id("RIFF"), ...u32(4), ...id("AVI ")])],
    ["no channels", riff([...fmt({ channels: 0 }), ...chunk("data", [1, 2])])],
    ["65535 channels", riff([...fmt({ channels: 65_535 }), ...chunk("data", [1, 2])])],
    ["a rate of 0", riff([...fmt({ rate: 0 }), ...chunk("data", [1, 2])])],
    ["a rate of 4 GHz", riff([...fmt({ rate: 4_294_967_295 }), ...chunk("data", [1, 2])])],
    ["samples of no bits", riff([...fmt({ bits: 0, blockBytes: 2 }), ...chunk("data", [1, 2])])],
    ["samples of 48 bits", riff([...fmt({ bits: 48 }), ...chunk("data", [1, 2])])],
    ["16-bit floats", riff([...fmt({ tag: 3, bits: 16 }), ...chunk("data", [1, 2])])],
    ["a block size that lies", riff([...fmt({ blockBytes: 3 }), ...chunk("data", [1, 2, 3])])],
    ["a block size of 0", riff([...fmt({ blockBytes: 0 }), ...chunk("data", [1, 2])])],
    ["a fmt chunk of 4 bytes", riff([...chunk("fmt ", [1, 0, 1, 0]), ...chunk("data", [1, 2])])],
    ["a fmt chunk of a megabyte", riff([...id("fmt "), ...u32(1_000_000), ...new Uint8Array(5000)])],
    ["samples before the format", riff([...chunk("data", [1, 2]), ...fmt()])],
    ["ADPCM", riff([...fmt({ tag: 2 }), ...chunk("data", [1, 2])])],
    [
      "an unknown GUID",
      riff([...chunk("fmt ", [...u16(0xfffe), ...new Uint8Array(38)]), ...chunk("data", [1, 2])]),
    ],
  ];
  for (const [name, bytes] of refused) {
    it(`(${name}) is refused with a hint`, async () => {
      const { items, error } = await read(bytes);
      expect(items).toEqual([]);
      expect(ours(error, "input-invalid").hint).toBeTruthy();
    });
  }
});

describe("any bytes", () => {
  const head = fc.constantFrom(
    ...[[], [...riff([])], [...riff(fmt())], [...riff([...fmt(), ...id("data")])]],
  );

  it("are read or refused with an error of ours", async () => {
    await fc.assert(
      fc.asyncProperty(head, fc.uint8Array({ maxLength: 300 }), async (start, rest) => {
        const { error } = await read(Uint8Array.from([...start, ...rest]));
        if (error !== undefined) expect(error).toBeInstanceOf(RemoteMediaError);
      }),
      { numRuns: 500 },
    );
  });

  it("that were a WAV before one of them changed are read or refused with an error of ours", async () => {
    const whole = riff([
      ...extensible(1, { channels: 2 }),
      ...chunk("LIST", [1, 2, 3]),
      ...chunk("data", samples(60)),
    ]);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, value) => {
        const { error } = await read(whole.with(at, value));
        if (error !== undefined) expect(error).toBeInstanceOf(RemoteMediaError);
      }),
      { numRuns: 500 },
    );
  });

  it("written as a WAV are read back the same, wherever the chunks are cut", async () => {
    const layout = fc.record({
      rate: fc.integer({ min: 1, max: 192_000 }),
      channels: fc.integer({ min: 1, max: 9 }),
      format: fc.constantFrom("s16le", "s32le", "f32le"),
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        layout,
        fc.uint8Array({ maxLength: 2000 }),
        sizes,
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        async (written, bytes, cuts, frameMs, streaming) => {
          const block = written.channels * (written.format === "s16le" ? 2 : 4);
          const data = bytes.subarray(0, bytes.length - (bytes.length % block));
          const file = Uint8Array.from([
            ...wavHeader(written, streaming ? "streaming" : data.length),
            ...data,
          ]);
          const { items, error } = await read(file, frameMs, cuts);
          expect(error).toBeUndefined();
          expect(joined(items)).toEqual(data);
          for (const { payload } of items) expect(payload).toEqual({ kind: "audio", ...written });
        },
      ),
      { numRuns: 200 },
    );
  });
});
