// A frame as a line and back, and what an untrusted node or file can't do to it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatFrameLine } from "../../../agent/native/frame-line.ts";
import { parseFrameLine } from "../../../agent/native/parse-frame-line.ts";
import { sha256Hex } from "../../../agent/native/sha256-hex.ts";
import type { Frame, Payload } from "../../../agent/node/frame.ts";
import { elementTypes, pixelFormats, sampleFormats } from "../../../agent/node/frame.ts";
import { ours, utf8 } from "./chunked.ts";

const frame = (payload: Payload, data: Uint8Array | string, port = "out", pts = 7): Frame => ({
  port,
  pts,
  payload,
  data: typeof data === "string" ? utf8(data) : data,
});
const line = (value: Frame, raw = false, node?: string) =>
  formatFrameLine(value, { raw, node, sha256: sha256Hex });
const parse = (text: string) => parseFrameLine(utf8(text), { port: "in", pts: 3, sha256: sha256Hex });
const problem = (text: string) => {
  const parsed = parse(text);
  return "problem" in parsed ? parsed.problem : undefined;
};

describe("a frame's line", () => {
  it("has the form of the commands' contract for each kind", () => {
    expect(line(frame({ kind: "json" }, "12"))).toBe('{"port":"out","pts":7,"json":12}');
    expect(line(frame({ kind: "text" }, 'say "é"\n'))).toBe('{"port":"out","pts":7,"text":"say \\"é\\"\\n"}');
    const audio = { kind: "audio", rate: 8000, channels: 1, format: "s16le" } as const;
    expect(line(frame(audio, "abcd"))).toBe(
      '{"port":"out","pts":7,"type":"audio","rate":8000,"channels":1,"format":"s16le","bytes":4,' +
        '"sha256":"88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"}',
    );
    expect(JSON.parse(line(frame(audio, "abcd"), true)).base64).toBe("YWJjZA==");
    expect(
      JSON.parse(line(frame({ kind: "tensor", element: "uint8", shape: [2, 2] }, "abcd"))),
    ).toMatchObject({
      type: "tensor",
      element: "uint8",
      shape: [2, 2],
    });
    expect(JSON.parse(line(frame({ kind: "encoded", codec: "opus" }, "x")))).toMatchObject({
      codec: "opus",
      bytes: 1,
    });
  });

  it("names the node where it is told to, first", () => {
    expect(line(frame({ kind: "json" }, "1"), false, "vad")).toBe(
      '{"node":"vad","port":"out","pts":7,"json":1}',
    );
  });

  it("keeps every digit of a number that the node wrote", () => {
    expect(line(frame({ kind: "json" }, "[12345678901234567890,1e999]"))).toContain(
      "[12345678901234567890,1e999]",
    );
  });

  it("is one line, whatever white space the node's JSON has", () => {
    expect(line(frame({ kind: "json" }, '{\n\t"a":\r\n 1}'))).toBe('{"port":"out","pts":7,"json":{"a": 1}}');
  });

  it("refuses JSON that isn't one value, so that a node can't add fields or lines of its own", () => {
    for (const evil of ['1,"pts":0', "1}\n{", "", "nul", "[1", '"\n"', "\u00a01", "[".repeat(100_000)]) {
      let error: unknown;
      try {
        line(frame({ kind: "json" }, evil));
      } catch (thrown) {
        error = thrown;
      }
      expect(ours(error, "node-bad-output").where?.port, evil.slice(0, 20)).toBe("out");
    }
    expect(() => line(frame({ kind: "json" }, Uint8Array.of(0x22, 0xff, 0x22)))).toThrow(/not UTF-8/);
    expect(() => line(frame({ kind: "text" }, Uint8Array.of(0xc0, 0x80)))).toThrow(/not UTF-8/);
  });

  it("has no character that a terminal would obey", () => {
    const evil = "\u001b[2J\u009b31m\u0085\u2028\u007f";
    const lines = [
      line(frame({ kind: "text" }, evil)),
      line(frame({ kind: "json" }, '"\u009b\u0085\u2028\u007f"')),
      line(frame({ kind: "encoded", codec: evil }, "", evil)),
    ];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    for (const text of lines) expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    expect(JSON.parse(lines[0]!).text).toBe(evil);
  });
});

describe("a JSON value of an input", () => {
  it("is a JSON frame with its own bytes unless it is a frame's line", () => {
    const plain = [
      "12345678901234567890",
      '{"port":8080,"pts":1,"json":2}',
      '{"port":"a","pts":1.5,"json":2}',
      "null",
    ];
    for (const text of [...plain, '{"port":"a","pts":1}', '["port","pts","json"]', '{"pts":1,"json":2}']) {
      expect(parse(` ${text} `)).toEqual({ frame: frame({ kind: "json" }, text, "in", 3) });
    }
  });

  it("that is a frame's line is that frame, in any order of fields and with the number as written", () => {
    expect(parse('{"json": 12345678901234567890 ,"pts":-5,"node":"n","port":"speech"}')).toEqual({
      frame: frame({ kind: "json" }, "12345678901234567890", "speech", -5),
    });
    expect(parse('{"port":"p","pts":1,"json":{"json":1,"a":[2,{"json":3}]}}')).toEqual({
      frame: frame({ kind: "json" }, '{"json":1,"a":[2,{"json":3}]}', "p", 1),
    });
    expect(parse('{"port":"p","pts":1,"json":1,"js\\u006fn":"}\\""}')).toEqual({
      frame: frame({ kind: "json" }, '"}\\""', "p", 1),
    });
  });

  it("that is a frame's line but not a whole and true one is refused", () => {
    const head = '{"port":"p","pts":1,';
    expect(problem(`${head}"json":1,"extra":2}`)).toContain('"extra"');
    expect(problem(`${head}"text":5}`)).toContain("text");
    expect(problem(`${head}"text":"\\ud800"}`)).toContain("well-formed");
    expect(problem(`${head}"type":"smell","base64":""}`)).toContain("none of");
    expect(problem(`${head}"type":"bytes"}`)).toContain("doesn't carry");
    expect(problem(`${head}"type":"bytes","base64":"&"}`)).toContain("base64");
    expect(problem(`${head}"type":"bytes","bytes":2,"base64":"YQ=="}`)).toContain("as many");
    expect(problem(`${head}"type":"bytes","sha256":"00","base64":"YQ=="}`)).toContain("digest");
    const audio = `${head}"type":"audio","rate":8000,"channels":2,"format":"s16le"`;
    expect(problem(`${audio},"base64":"YWI="}`)).toContain("multiple of 4");
    expect(problem(`${audio.replace("s16le", "s17le")},"base64":""}`)).toContain("what audio");
    expect(problem(`${head}"type":"tensor","element":"uint8","shape":[-1],"base64":""}`)).toContain(
      "what tensor",
    );
  });

  it("is refused when it isn't JSON, isn't UTF-8, or nests too deep", () => {
    expect(problem("{'a':1}")).toContain("not one JSON value");
    expect(problem("1 2")).toContain("not one JSON value");
    expect(problem("[".repeat(513) + "]".repeat(513))).toContain("deeper");
    expect(problem("[".repeat(512) + "]".repeat(512))).toBeUndefined();
    expect(problem(JSON.stringify("[".repeat(2000)))).toBeUndefined();
    expect(
      parseFrameLine(Uint8Array.of(0x22, 0xff, 0x22), { port: "in", pts: 0, sha256: sha256Hex }),
    ).toEqual({
      problem: "it is not UTF-8",
    });
  });
});

const size = fc.integer({ min: 1, max: 4 });
const payloads: fc.Arbitrary<[Payload, number]> = fc.oneof(
  fc.nat(20).map((bytes): [Payload, number] => [{ kind: "bytes" }, bytes]),
  fc
    .tuple(fc.integer({ min: 1, max: 192_000 }), size, fc.constantFrom(...sampleFormats), fc.nat(9))
    .map(([rate, channels, format, count]): [Payload, number] => [
      { kind: "audio", rate, channels, format },
      count * channels * (format === "s16le" ? 2 : 4),
    ]),
  fc.tuple(size, size, fc.constantFrom(...pixelFormats)).map(([width, height, format]): [Payload, number] => {
    const planes = { gray8: 1, rgb24: 3, rgba32: 4, i420: 0, nv12: 0 }[format] * width * height;
    const chroma = 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
    return [{ kind: "video", width, height, format }, planes || width * height + chroma];
  }),
  fc
    .tuple(fc.array(size, { maxLength: 3 }), fc.constantFrom(...elementTypes))
    .map(([shape, element]): [Payload, number] => {
      const bits = Number(/\d+/.exec(element)![0]);
      return [
        { kind: "tensor", element, shape },
        (shape.reduce((all, extent) => all * extent, 1) * bits) / 8,
      ];
    }),
  fc.nat(20).map((bytes): [Payload, number] => [{ kind: "encoded", codec: "h264" }, bytes]),
);
const anyFrame: fc.Arbitrary<Frame> = fc
  .record({ port: fc.string({ unit: "grapheme" }), pts: fc.maxSafeInteger() })
  .chain((place) =>
    fc.oneof(
      fc.json().map((text) => ({ ...place, payload: { kind: "json" } as const, data: utf8(text) })),
      fc
        .string({ unit: "grapheme" })
        .map((text) => ({ ...place, payload: { kind: "text" } as const, data: utf8(text) })),
      payloads.chain(([payload, length]) =>
        fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ ...place, payload, data })),
      ),
    ),
  );

it("any frame written with its bytes is read back as that frame", () => {
  fc.assert(
    fc.property(anyFrame, fc.option(fc.string()), (written, node) => {
      const parsed = parse(line(written, true, node ?? undefined));
      if ("problem" in parsed) return expect.fail(parsed.problem);
      const { data, ...rest } = parsed.frame;
      const { data: expected, ...head } = written;
      expect(rest).toEqual(head);
      if (written.payload.kind === "json") {
        expect(JSON.parse(new TextDecoder().decode(data))).toEqual(
          JSON.parse(new TextDecoder().decode(expected)),
        );
      } else expect(new Uint8Array(data)).toEqual(new Uint8Array(expected));
    }),
    { numRuns: 500 },
  );
});

it("any bytes are read or refused, never thrown at", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => {
      const parsed = parseFrameLine(bytes, { port: "in", pts: 0, sha256: sha256Hex });
      expect("frame" in parsed !== "problem" in parsed).toBe(true);
    }),
    { numRuns: 500 },
  );
});
