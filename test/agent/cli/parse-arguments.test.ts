// Arguments against a command's table.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Command } from "../../../agent/cli/command.ts";
import { commands } from "../../../agent/cli/command-table.ts";
import { commandHelp, overviewHelp } from "../../../agent/cli/help.ts";
import { parseArguments } from "../../../agent/cli/parse-arguments.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";

const command: Command = {
  name: "paint",
  summary: "Paint a fence.",
  operands: [
    { name: "FENCE", required: true },
    { name: "COLOUR", required: false },
  ],
  options: {
    brush: { value: "SIZE", help: "Of the brush." },
    coat: { value: "NAME", many: true, help: "One of several." },
    dry: { help: "Wait." },
  },
  notes: [],
  examples: [],
  load: () => Promise.reject(new RemoteMediaError("internal", "not here")),
};

function refusal(...words: string[]): string {
  try {
    parseArguments(command, words);
  } catch (error) {
    const { code, message, hint } = error as RemoteMediaError;
    return `${code}: ${message}; ${hint}`;
  }
  return "taken";
}

describe("parsing", () => {
  test("takes operands and options in any order, with and without an equals sign", () => {
    const words = ["--coat=a", "fence", "--dry", "--brush", "9", "--coat", "b=c", "red"];
    const { operands, options } = parseArguments(command, words);
    expect(operands).toEqual(["fence", "red"]);
    expect(Object.fromEntries(options)).toEqual({ coat: ["a", "b=c"], dry: [""], brush: ["9"] });
  });

  test("takes a lone dash as a value and as an operand, and what follows two dashes as operands", () => {
    expect(parseArguments(command, ["-", "--brush", "-"]).options.get("brush")).toEqual(["-"]);
    expect(parseArguments(command, ["--", "--dry"]).operands).toEqual(["--dry"]);
  });

  test("asks for no operands where help is asked for", () => {
    expect(parseArguments(command, ["-h"]).options.has("help")).toBe(true);
  });

  test.each([
    [["fence", "--bursh", "1"], "did you mean --brush?"],
    [["fence", "--zzzzzz"], "unknown option --zzzzzz; remotemedia paint --help"],
    [["fence", "--no-dry"], "unknown option --no-dry"],
    [["fence", "-x"], "unknown option -x"],
    [["fence", "--constructor"], "unknown option --constructor"],
    [["fence", "--__proto__"], "unknown option --__proto__"],
    [["fence", "--dry=1"], "--dry takes no value"],
    [["fence", "--brush"], "--brush needs a value: SIZE"],
    [["fence", "--brush="], "--brush needs a value: SIZE"],
    [["fence", "--brush", "1", "--brush", "2"], "--brush is given twice"],
    [["fence", "red", "blue"], "one word too many: blue"],
    [[], "FENCE is missing"],
  ])("refuses %j", (words, said) => {
    expect(refusal(...words)).toMatch(/^usage: paint: /);
    expect(refusal(...words)).toContain(said);
  });
});

test("whatever words come, they are taken or refused as a usage error", () => {
  const word = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("--", "-", "--brush", "--coat=", "--dry", "-h", "--__proto__", "-dry", "--=x"),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      expect(refusal(...words)).toMatch(/^(taken$|usage: )/);
    }),
  );
});

describe("help", () => {
  test.each(commands)("of $name names every option and operand, in lines that fit", (shown) => {
    const text = commandHelp(shown);
    for (const option of [...Object.keys(shown.options), "json", "quiet", "debug", "help"]) {
      expect(text).toMatch(new RegExp(`^  (?:-\\w, )?--${option}\\b`, "m"));
    }
    for (const { name } of shown.operands) expect(text).toContain(name);
    expect(text.split("\n").filter((line) => line.length > 110)).toEqual([]);
  });

  test.each(commands)("of $name has examples that would be taken", (shown) => {
    expect(shown.examples.length).toBeGreaterThan(0);
    for (const example of shown.examples) {
      const [program, name, ...words] = example.split(" ");
      expect([program, name]).toEqual(["remotemedia", shown.name]);
      expect(() => parseArguments(shown, words)).not.toThrow();
    }
  });

  test("lists every command", () => {
    for (const { name, summary } of commands)
      expect(overviewHelp()).toContain(`${name.padEnd(8)}  ${summary}`);
  });
});
