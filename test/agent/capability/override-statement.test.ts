// What the operator sets stands in the statement, marked as such, and nothing else changes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeCapabilities } from "../../../agent/capability/describe-capabilities.ts";
import { overrideStatement, parseOverrides } from "../../../agent/capability/override-statement.ts";
import { parseStatement } from "../../../agent/capability/statement.ts";
import { changedParts } from "../../../agent/capability/statement-change.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { boardFacts } from "./facts-fixture.ts";

const refuse = (path: readonly (string | number)[], why: string, hint?: string) =>
  new RemoteMediaError("config-invalid", `${path.join(".")} ${why}`, hint === undefined ? {} : { hint });
const parse = (input: unknown) => parseOverrides(input, refuse);
const found = describeCapabilities(boardFacts(), {
  nodeTypes: ["AddNode"],
  sessions: 0,
  queueMs: 0,
  maxMemoryMb: 256,
});

describe("a statement with overrides", () => {
  it("is the same without any", () => {
    expect(overrideStatement(found, parse({}))).toBe(found);
  });

  it("states what is set, says so, and is one that others take", () => {
    const overrides = parse({
      memory_gb: 2,
      cpu: { model: "Emulated" },
      frameworks: { onnx: "1.20" },
      gpu: [{ type: "cuda", model: "Borrowed", memory_gb: 8 }],
      devices: { cameras: [] },
    });
    const stated = overrideStatement(found, overrides, 0.5);
    expect(stated).toMatchObject({
      memory_gb: 2,
      price: 0.5,
      devices: { cameras: [], speakers: found.devices.speakers },
    });
    expect(stated.cpu).toEqual({ ...found.cpu, model: "Emulated" });
    expect(stated.frameworks).toEqual({ ...found.frameworks, onnx: "1.20" });
    expect(stated.gpu[0]).toMatchObject({ type: "cuda", memory_gb: 8, driver: null, vendor: "unknown" });
    expect(stated.source).toEqual({
      memory_gb: "config",
      gpu: "config",
      price: "config",
      "cpu.model": "config",
      "frameworks.onnx": "config",
      "devices.cameras": "config",
    });
    expect(parseStatement(JSON.parse(JSON.stringify(stated)))).toEqual(stated);
    expect(changedParts(found, stated)).toContain("source");
  });

  it("takes out what is set to null, and the absences of what is set", () => {
    const absent = [
      { about: "gpu", code: "not-present", detail: "none" },
      { about: "codecs", code: "not-present", detail: "none" },
      { about: "codecs.h264", code: "not-present", detail: "none" },
      { about: "storage", code: "unreadable", detail: "none" },
    ] as const;
    const before = { ...found, absent: [...absent], frameworks: { onnx: "1.0", tflite: "2" } };
    const overrides = parse({
      gpu: [],
      storage_gb: 3,
      codecs: { h264: "software" },
      frameworks: { tflite: null },
    });
    const stated = overrideStatement(before, overrides);
    expect(stated.absent.map(({ about }) => about)).toEqual(["codecs"]);
    expect(stated.frameworks).toEqual({ onnx: "1.0" });
    expect(stated.source).toMatchObject({ "frameworks.tflite": "config" });
  });

  it("keeps within the bounds of a statement, whatever is set", () => {
    const words = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,6}$/),
      fc.constantFrom("software", "hardware", null),
      { maxKeys: 120 },
    );
    fc.assert(
      fc.property(
        words,
        words,
        fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
        (one, other, memory) => {
          const before = overrideStatement(found, parse({ codecs: one }));
          const stated = overrideStatement(
            before,
            parse({ codecs: other, ...(memory === undefined ? {} : { memory_gb: memory }) }),
          );
          expect(parseStatement(stated)).toEqual(stated);
          for (const [name, value] of Object.entries(other))
            expect(stated.codecs[name]).toBe(value ?? undefined);
        },
      ),
    );
  });
});

describe("what can't be set", () => {
  it.each([
    [{ memory_gib: 2 }, "memory_gib can't be stated", "did you mean memory_gb?"],
    [{ load: { cpu: 0 } }, "load can't be stated", undefined],
    [{ sandbox: { seccomp: true } }, "sandbox can't be stated", undefined],
    [{ memory_gb: -1 }, "memory_gb can't be stated", undefined],
    [{ gpu: [{ type: "cuda" }] }, "gpu.0.model can't be stated", undefined],
    [{ cpu: { model: "a\u001bb" } }, "cpu.model can't be stated", undefined],
  ])("%j", (input, message, hint) => {
    try {
      parse(input);
      expect.fail("taken");
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: "config-invalid" });
      expect((thrown as RemoteMediaError).message).toContain(message);
      if (hint !== undefined) expect((thrown as RemoteMediaError).hint).toBe(hint);
    }
  });

  it("anything else, without a crash", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        try {
          const stated = overrideStatement(found, parse(input));
          expect(parseStatement(stated)).toEqual(stated);
        } catch (thrown) {
          expect((thrown as RemoteMediaError).code).toBe("config-invalid");
        }
      }),
    );
  });
});
