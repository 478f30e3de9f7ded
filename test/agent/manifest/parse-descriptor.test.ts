// The node.json beside a module.
import { describe, expect, it } from "vitest";
import { parseNodeDescriptor } from "../../../agent/manifest/parse-descriptor.ts";
import { listProblems, thrownBy } from "./fixtures.ts";

const text = `{
  "name": "Denoise", "version": "1.0.0", "summary": "Less noise.",
  "inputs": { "in": { "kinds": ["audio"] } },
  "outputs": { "out": { "kinds": ["audio"] } },
  "params": { "type": "object", "properties": { "strength": { "type": "number", "minimum": 0, "default": 0.5 } } },
  "needs": { "memory_gb": 1 }
}`;

describe("parseNodeDescriptor", () => {
  it("reads a node.json", () => {
    const denoise = parseNodeDescriptor(text);
    expect(denoise.inputs).toEqual({ in: { kinds: ["audio"], required: true } });
    expect(denoise.needs).toEqual({ memory_gb: 1 });
    expect(denoise.stateful).toBe(false);
  });

  it.each([
    [
      '"summary"',
      '"sumary"',
      'node-descriptor-invalid sumary: unknown field "sumary" (did you mean "summary"?)',
    ],
    [
      '["audio"] } },\n  "outputs"',
      '["audo"] } },\n  "outputs"',
      "node-descriptor-invalid inputs.in.kinds[0]: expected",
    ],
    [
      '"memory_gb"',
      '"memory_tb"',
      'node-descriptor-invalid needs.memory_tb: unknown field "memory_tb" (did you mean "memory_gb"?)',
    ],
    [
      '"minimum"',
      '"minimun"',
      `node-descriptor-invalid params.properties.strength.minimun: the params' schema: "minimun" is not understood here`,
    ],
    [
      '"default": 0.5',
      '"default": -1',
      "node-descriptor-invalid params.properties.strength.default: the params' schema: the default doesn't fit",
    ],
    ['"1.0.0",', '"1.0.0"', "node-descriptor-invalid -: expected a comma"],
  ])("refuses %s written as %s", (right, wrong, problem) => {
    const error = thrownBy(() => parseNodeDescriptor(text.replace(right, wrong), "node.json"));
    expect(listProblems(error).join("\n")).toContain(problem);
    expect(error.where).toMatchObject({
      file: "node.json",
      line: expect.any(Number),
      column: expect.any(Number),
    });
  });

  it("gives the line of a fault inside the params' schema", () => {
    const error = thrownBy(() => parseNodeDescriptor(text.replace('"minimum"', '"minimun"')));
    expect(error.where?.line).toBe(5);
  });
});
