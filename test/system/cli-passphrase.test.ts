// The passphrase's prompt on a real terminal: asked twice, never echoed, and the terminal is as it was afterwards.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Scratch } from "./program.ts";

const main = join(import.meta.dirname, "../../agent/cli/main.ts");

let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch();
});
afterAll(() => scratch[Symbol.dispose]());

/** A shell's line on a terminal of its own; `answer` is typed at each prompt. What the terminal showed, and the status. */
async function onTerminal(line: string, answers: readonly (readonly [prompt: string, keys: string])[]) {
  let shown = "";
  const left = [...answers];
  const decoder = new TextDecoder();
  const script = `remotemedia() { "${process.execPath}" "${main}" "$@"; }\n${line}`;
  const child = Bun.spawn(["bash", "-c", script], {
    env: { ...scratch.environment, TERM: "xterm" },
    terminal: {
      cols: 80,
      rows: 24,
      data(terminal, data) {
        shown += decoder.decode(data, { stream: true });
        const [next] = left;
        if (next !== undefined && shown.split(next[0]).length > 1) {
          left.shift();
          terminal.write(next[1]);
        }
      },
    },
  });
  return { status: await child.exited, shown };
}

describe("keygen on a terminal", () => {
  test("asks twice without showing what is typed, edits included", async () => {
    const file = scratch.file("typed.key");
    const { status, shown } = await onTerminal(`remotemedia keygen -o ${file}; s=$?; stty -a; exit $s`, [
      ["new passphrase: ", "sesame\u007f\u007fXY\r"],
      ["once more: ", "sesaXY\r"],
    ]);
    expect(status, shown).toBe(0);
    expect(shown).not.toMatch(/sesa/);
    expect(shown).toMatch(/[ ;]echo /);
    const words = ["sign", "nothing.rmpkg", "--key", file];
    const environment = { REMOTEMEDIA_PASSPHRASE: "sesaXY" };
    // The key opens: it is the package that is missing.
    expect((await scratch.start(words, "", { environment }).ended).stderr).toContain("[package-missing]");
  });

  test("makes no key of two that differ", async () => {
    const file = scratch.file("differ.key");
    const { status, shown } = await onTerminal(`remotemedia keygen -o ${file}`, [
      ["new passphrase: ", "one\r"],
      ["once more: ", "two\r"],
    ]);
    expect(status).toBe(2);
    expect(shown).toContain("the two passphrases differ");
    expect(existsSync(file)).toBe(false);
  });

  test("gives the terminal its echo back on Ctrl-C", async () => {
    const file = scratch.file("interrupted.key");
    const { status, shown } = await onTerminal(`remotemedia keygen -o ${file}; s=$?; stty -a; exit $s`, [
      ["new passphrase: ", "half\u0003"],
    ]);
    expect(status).toBe(1);
    expect(shown).toMatch(/[ ;]echo /);
    expect(existsSync(file)).toBe(false);
  });
});
