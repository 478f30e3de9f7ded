// Names of devices become one printable line, whatever they were.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printable } from "../../../platform/base/printable.ts";

describe("a printable line", () => {
  test("keeps what people write", () => {
    expect(printable("Logitech BRIO – 4K ストリーム")).toBe("Logitech BRIO – 4K ストリーム");
  });

  test("has no newline, escape or bell", () => {
    expect(printable("USB\n\u001b[31mred\u0007 camera\0")).toBe("USB [31mred camera");
  });

  test("has no mark that turns the text around or hides it", () => {
    expect(printable("cam\u202egpj.exe\u2066\u200b\u{e0041}")).toBe("cam gpj.exe");
  });

  test("joins spaces and cuts them off at both ends", () => {
    expect(printable("\t USB   Audio \u3000 ")).toBe("USB Audio");
  });

  test("is cut between characters", () => {
    expect(printable("abc📷", 4)).toBe("abc");
  });

  test("carries at most four marks on a letter", () => {
    expect(printable(`a${"\u0301".repeat(50)}b`)).toBe(`a${"\u0301".repeat(4)}b`);
  });

  test("is what it says for any text, and stays as it is when taken again", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 400 }),
        fc.integer({ min: 1, max: 200 }),
        (text, limit) => {
          const line = printable(text, limit);
          expect(line.length).toBeLessThanOrEqual(limit);
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
          expect(line).toBe(line.trim());
          expect(printable(line, limit)).toBe(line);
        },
      ),
      { numRuns: 500 },
    );
  });
});
