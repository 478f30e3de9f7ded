// Tables, quantities and node sheets.
import { describe, expect, test } from "vitest";
import { formatNode } from "../../../agent/cli/node-sheet.ts";
import { formatBytes, formatDuration, formatMs, formatPosition } from "../../../agent/cli/quantity.ts";
import { formatTable } from "../../../agent/cli/table.ts";
import { anonymousDescriptor, nodeDescriptorSchema } from "../../../agent/node/descriptor.ts";

test("a table's columns are as wide as their widest cell, also of wide characters", () => {
  const columns = [
    { title: "name", text: ([name]: readonly [string, number]) => name },
    { title: "n", right: true, text: ([, number]: readonly [string, number]) => String(number) },
  ];
  expect(
    formatTable(columns, [
      ["日本", 1],
      ["a", 100],
    ]),
  ).toEqual(["  name    n", "  日本    1", "  a     100"]);
  expect(formatTable(columns, [])).toEqual(["  name  n"]);
});

describe("quantities", () => {
  test("have three digits that say something", () => {
    expect([0, 0.0123, 1.234, 12.34, 123.4].map(formatMs)).toEqual(["0.000", "0.012", "1.23", "12.3", "123"]);
    expect([0, 1023, 1536, 2 ** 20, 300 * 2 ** 30].map(formatBytes)).toEqual([
      ...["0 B", "1023 B", "1.5 KiB", "1.0 MiB", "300 GiB"],
    ]);
    expect([450, 1240, 185_000].map(formatDuration)).toEqual(["450 ms", "1.24 s", "3:05"]);
  });

  test("of time never show sixty seconds", () => {
    expect(formatPosition(59_999_999)).toBe("0:59.9");
    expect(formatPosition(3_723_400_000)).toBe("1:02:03.4");
    expect(formatPosition(-1_500_000)).toBe("-0:01.5");
  });
});

describe("a node's sheet", () => {
  const node = nodeDescriptorSchema.parse({
    name: "VoiceGateNode",
    version: "1.2.3",
    summary: "Lets voices through.",
    inputs: { in: { kinds: ["audio"] }, control: { kinds: ["json"], required: false } },
    outputs: { out: { kinds: ["audio"], description: "What was let through." } },
    params: {
      type: "object",
      required: ["model"],
      properties: {
        model: { type: "string", description: "Which model." },
        level: { type: "number", minimum: -60, exclusiveMaximum: 0, default: -30 },
        mode: { enum: ["soft", "hard"], default: "soft" },
        window: { type: "object", properties: { ms: { type: "integer", default: 20 } } },
      },
    },
    limits: { max_memory_mb: 16 },
    stateful: true,
  });
  const text = formatNode(node).join("\n");

  test("has ports, params with type, default and range, limits and state", () => {
    expect(text).toMatch(/^VoiceGateNode 1\.2\.3: Lets voices through\.$/m);
    expect(text).toMatch(/^ {2}control: json \(optional\)$/m);
    expect(text).toMatch(/^ {4}What was let through\.$/m);
    expect(text).toMatch(/^ {2}model +string +required +Which model\.$/m);
    expect(text).toMatch(/^ {2}level +number +-30 +≥ -60, < 0$/m);
    expect(text).toMatch(/^ {2}mode +"soft" \| "hard" +"soft"$/m);
    expect(text).toMatch(/^ {2}window\.ms +integer +20$/m);
    expect(text).toContain("max_memory_mb 16");
    expect(text).toContain("Keeps state");
  });

  test("ends with the node as a manifest has it", () => {
    expect(JSON.parse(text.split("\n").at(-1)!)).toEqual({
      id: "voice-gate",
      node_type: "VoiceGateNode",
      params: { model: "…", level: -30, mode: "soft" },
    });
  });

  test("is there for a node of which nothing is known", () => {
    expect(formatNode(anonymousDescriptor("X")).join("\n")).toContain("params: none");
  });
});
