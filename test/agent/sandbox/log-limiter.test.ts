// What is let through of a noisy guest: a burst, a rate, and a count of the rest; and how what it prints becomes lines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineBuffer } from "../../../agent/sandbox/child/line-buffer.ts";
import { LogLimiter, logBurst, logsPerSecond } from "../../../agent/sandbox/child/log-limiter.ts";
import { TokenBucket } from "../../../agent/sandbox/token-bucket.ts";
import { FakeClock } from "../../../platform/fake/clock.ts";

const encode = (text: string) => new TextEncoder().encode(text);

describe("a log limiter", () => {
  const make = () => {
    const clock = new FakeClock();
    const sent: (readonly [level: number, text: string, suppressed: number])[] = [];
    const limiter = new LogLimiter(
      (...line) => void sent.push(line),
      () => clock.monotonicMs(),
    );
    return { clock, sent, limiter };
  };

  it("lets a burst through at once, and then so many lines a second", () => {
    const { clock, sent, limiter } = make();
    for (let line = 0; line < 1000; line++) limiter.write("info", encode("x"));
    expect(sent.length).toBe(logBurst);
    for (let second = 1; second <= 10; second++) {
      clock.advance(1000);
      for (let line = 0; line < 1000; line++) limiter.write("info", encode("x"));
      expect(sent.length).toBe(logBurst + second * logsPerSecond);
    }
  });

  it("tells with the next line how many were dropped before it", () => {
    const { clock, sent, limiter } = make();
    for (let line = 0; line < logBurst + 7; line++) limiter.write("warn", encode("x"));
    clock.advance(1000);
    limiter.write("error", encode("y"));
    limiter.write("debug", encode("z"));
    expect(sent.slice(-2)).toEqual([
      [3, "y", 7],
      [0, "z", 0],
    ]);
  });

  it("loses no line without counting it, whenever lines come", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(2000)), { maxLength: 30 }), (steps) => {
        const { clock, sent, limiter } = make();
        let written = 0;
        for (const [lines, ms] of steps) {
          for (let line = 0; line < lines; line++) limiter.write("info", encode("x"));
          written += lines;
          clock.advance(ms);
        }
        clock.advance(1000);
        limiter.write("info", encode("last"));
        const told = sent.reduce((sum, [, , suppressed]) => sum + 1 + suppressed, 0);
        expect(told).toBe(written + 1);
      }),
    );
  });

  it("replaces what is not UTF-8", () => {
    const { sent, limiter } = make();
    limiter.write("info", new Uint8Array([104, 0xff, 105]));
    expect(sent).toEqual([[1, "h\ufffdi", 0]]);
  });
});

it("a token bucket never gives more than its burst and its rate", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.tuple(fc.nat(100), fc.nat(700)), { maxLength: 40 }),
      (burst, perSecond, steps) => {
        const clock = new FakeClock();
        const bucket = new TokenBucket(burst, perSecond, () => clock.monotonicMs());
        let taken = 0;
        for (const [tries, ms] of steps) {
          for (let attempt = 0; attempt < tries; attempt++) if (bucket.take()) taken++;
          expect(taken).toBeLessThanOrEqual(burst + (clock.monotonicMs() / 1000) * perSecond + 1e-6);
          clock.advance(ms);
        }
        clock.advance(1000 / perSecond + 1);
        expect(bucket.take()).toBe(true);
      },
    ),
  );
});

describe("a line buffer", () => {
  const lines = (...chunks: string[]) => {
    const out: string[] = [];
    const buffer = new LineBuffer((line) => void out.push(new TextDecoder().decode(line)));
    for (const chunk of chunks) buffer.write(encode(chunk));
    buffer.flush();
    return out;
  };

  it("gives whole lines, whatever pieces they come in", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("a", "é", "\n") }), { maxLength: 12 }),
        (chunks) => {
          const expected = chunks
            .join("")
            .split("\n")
            .filter((line) => line !== "");
          expect(lines(...chunks)).toEqual(expected);
        },
      ),
    );
  });

  it("cuts a line that is too long, and keeps its rest", () => {
    expect(lines("a".repeat(10_000), "\nb").map((line) => line.length)).toEqual([4096, 4096, 1808, 1]);
  });

  it("gives nothing for nothing, and an unfinished line at flush", () => {
    expect(lines()).toEqual([]);
    expect(lines("\n\n")).toEqual([]);
    expect(lines("x\ny")).toEqual(["x", "y"]);
  });
});
