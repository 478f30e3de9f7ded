// Statements of strangers: taken where they hold, refused with a code where they don't.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStatement } from "../../../agent/capability/statement.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { thrownBy } from "../manifest/fixtures.ts";
import { boardStatement } from "./facts-fixture.ts";

type Loose = Record<string, unknown>;

const camera = { id: "usb-1", name: "Camera", formats: [] };
const format = { pixel: "YUYV", width: 640, height: 480, fps: [30] };

function withCameras(...cameras: Loose[]): Loose {
  return { devices: { cameras, microphones: [], speakers: [] } };
}

describe("parseStatement", () => {
  it("takes what this version says", () => {
    expect(parseStatement(boardStatement())).toEqual(boardStatement());
  });

  it("drops keys that a later version has added, on every floor", () => {
    const { cpu, ...rest } = boardStatement();
    const later = { ...rest, later_word: 3, cpu: { ...cpu, numa: 2 } };
    expect(parseStatement(later)).toEqual(boardStatement());
  });

  it("takes a statement from before throttling since boot was told: it is unknown then", () => {
    const { thermal, ...rest } = boardStatement();
    const { throttled_since_boot: _, ...before } = thermal;
    expect(parseStatement({ ...rest, thermal: before }).thermal.throttled_since_boot).toBeNull();
  });

  it("refuses a statement of another schema by saying so", () => {
    const error = thrownBy(() => parseStatement({ ...boardStatement(), schema: 2 }));
    expect(error).toMatchObject({ code: "statement-invalid", family: "remote" });
    expect(error.message).toBe("the statement is of another schema than 1");
  });

  const refused: readonly (readonly [string, Loose])[] = [
    ["a missing key", { memory_gb: undefined }],
    ["a number as text", { memory_gb: "8" }],
    ["a number that isn't finite", { memory_gb: Number.POSITIVE_INFINITY }],
    ["negative memory", { memory_gb: -1 }],
    ["a time that is none", { time: "yesterday" }],
    ["a name of 129 characters", { device: "x".repeat(129) }],
    ["a name with a line end", { device: "a\nb" }],
    ["a name that reorders the line", { device: "a\u202eb" }],
    ["a name with half a character", { device: "a\ud800b" }],
    ["65 cameras", withCameras(...Array.from({ length: 65 }, () => camera))],
    ["257 formats", withCameras({ ...camera, formats: Array.from({ length: 257 }, () => format) })],
    [
      "33 rates",
      withCameras({ ...camera, formats: [{ ...format, fps: Array.from({ length: 33 }, () => 30) }] }),
    ],
    ["a picture without width", withCameras({ ...camera, formats: [{ ...format, width: 0 }] })],
    ["a kind of acceleration that isn't known", { codecs: { h264: "magic" } }],
    ["a codec that is no word", { codecs: { "h264; rm": "hardware" } }],
    [
      "129 codecs",
      { codecs: Object.fromEntries(Array.from({ length: 129 }, (_, at) => [`c${at}`, "software"])) },
    ],
    ["a load of more than all", { load: { cpu: 1.1, memory: 0, sessions: 0, queue_ms: 0 } }],
    ["half a session", { load: { cpu: 1, memory: 0, sessions: 0.5, queue_ms: 0 } }],
    [
      "17 causes of throttling since boot",
      {
        thermal: { celsius: 40, throttled: [], throttled_since_boot: Array.from({ length: 17 }, () => "x") },
      },
    ],
    ["a reason of an unknown code", { absent: [{ about: "gpu", code: "odd", detail: "x" }] }],
  ];
  it.each(refused)("refuses %s", (_, wrong) => {
    expect(thrownBy(() => parseStatement({ ...boardStatement(), ...wrong })).code).toBe("statement-invalid");
  });

  it("names the place, cut, without the stranger's text in it", () => {
    const codecs = { [`h${"\u001b".repeat(90)}`]: "hardware" };
    const { message } = thrownBy(() => parseStatement({ ...boardStatement(), codecs }));
    expect(message).toMatch(/^the statement doesn't hold at "codecs\.h/);
    expect(message).not.toMatch(/\p{C}/u);
    expect(message.length).toBeLessThan(400);
  });

  it("takes or refuses anything at all, and throws nothing else", () => {
    const whole = boardStatement() as Loose;
    const torn = fc
      .tuple(fc.constantFrom(...Object.keys(whole)), fc.anything())
      .map(([key, value]) => ({ ...whole, [key]: value }));
    fc.assert(
      fc.property(fc.oneof(fc.anything(), torn), (input) => {
        try {
          parseStatement(input);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RemoteMediaError);
          expect(thrown).toMatchObject({ code: "statement-invalid" });
        }
      }),
    );
  });
});
