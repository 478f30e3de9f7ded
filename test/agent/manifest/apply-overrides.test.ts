// `--set node.param=JSON`.
import { describe, expect, it } from "vitest";
import { applyOverrides } from "../../../agent/manifest/apply-overrides.ts";
import { parseManifest } from "../../../agent/manifest/parse-manifest.ts";
import { resolvePipeline } from "../../../agent/manifest/resolve.ts";
import { catalog, manifestText, thrownBy } from "./fixtures.ts";

const manifest = parseManifest(
  manifestText(
    [
      ["mul", "MultiplyNode", { params: { factor: 2 } }],
      ["own", "Own", { params: { deep: { a: 1 }, n: 1 } }],
    ],
    [],
    ["Own"],
  ),
  "p.json",
);

function paramsAfter(...overrides: string[]) {
  return applyOverrides(manifest, overrides).nodes.map((node) => node.params);
}

describe("applyOverrides", () => {
  it("replaces params with JSON values, the later one winning, and leaves the manifest as it is", () => {
    const before = JSON.stringify(manifest);
    expect(paramsAfter("mul.factor=3", "mul.factor=4", 'own.name="a=b"', "own.list=[1, 2]")).toEqual([
      { factor: 4 },
      { deep: { a: 1 }, n: 1, name: "a=b", list: [1, 2] },
    ]);
    expect(JSON.stringify(manifest)).toBe(before);
  });

  it("reaches into nested objects and makes what is missing on the way", () => {
    expect(paramsAfter("own.deep.b=2", "own.new.x.y=true")[1]).toEqual({
      deep: { a: 1, b: 2 },
      n: 1,
      new: { x: { y: true } },
    });
  });

  it.each([
    ["mul.factor=", "the value is not JSON", "a value is JSON: --set 'mul.factor=…'"],
    ["mul.factor=fast", "the value is not JSON", "a text is quoted: --set 'mul.factor=\"fast\"'"],
    ["mul.factor={1}", "the value is not JSON", "a value is JSON: --set 'mul.factor=…'"],
    ["mull.factor=3", 'there is no node "mull"', 'did you mean "mul"?'],
    ["mul=3", "--set takes node.param=JSON", "for example --set mul.factor=3"],
    ["mul.factor", "--set takes node.param=JSON", "for example --set mul.factor=3"],
    [".factor=3", "--set takes node.param=JSON", "for example --set mul.factor=3"],
    ["mul..x=3", "--set takes node.param=JSON", "for example --set mul.factor=3"],
    ["mul.__proto__=3", "--set takes node.param=JSON", "for example --set mul.factor=3"],
    ["own.n.x=3", '"n" is not an object', undefined],
  ])("refuses %s", (text, message, hint) => {
    const error = thrownBy(() => applyOverrides(manifest, [text]));
    expect(error.code).toBe("usage");
    expect(error.message).toContain(message);
    expect(error.hint).toBe(hint);
  });

  it("makes later errors point to the option, and only those of the replaced param", () => {
    const replaced = applyOverrides(manifest, ['mul.factor="x"', "mul.fctor=1"]);
    const error = thrownBy(() => resolvePipeline(replaced, catalog("Own")));
    expect(error.problems.map(({ where, hint }) => [where?.path, hint])).toEqual([
      ["--set mul.factor", undefined],
      ["--set mul.fctor", 'did you mean "factor"?'],
    ]);
    expect(replaced.where(["nodes", 0, "id"])).toMatchObject({ file: "p.json", line: 13 });
  });
});
