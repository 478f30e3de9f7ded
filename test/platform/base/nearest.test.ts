// "Did you mean": near names are found, far ones are not guessed.
import { describe, expect, test } from "vitest";
import { nearestName } from "../../../platform/base/nearest.ts";

describe("nearestName", () => {
  test.each([
    ["MultiplNode", ["AddNode", "MultiplyNode"], "MultiplyNode"],
    ["facotr", ["factor", "addend"], "factor"],
    ["VAD", ["vad", "level"], "vad"],
    ["mlu", ["mul", "add"], "mul"],
  ])("takes %s for a slip of the finger", (name, known, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });

  test.each([
    ["zz", ["a", "b"]],
    ["x", ["y"]],
    ["", ["a"]],
    ["OnnxInference", ["AddNode"]],
  ])("guesses nothing for %j among %j", (name, known) => {
    expect(nearestName(name, known)).toBeUndefined();
  });
});
