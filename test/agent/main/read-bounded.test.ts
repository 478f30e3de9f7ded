// Small files of the user's that may be anything.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readBounded } from "../../../agent/main/read-bounded.ts";
import { loadTrust } from "../../../agent/main/trust-settings.ts";
import { failure } from "../../support/failure.ts";

const folder = mkdtempSync(join(tmpdir(), "read-bounded-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a file is read whole up to the limit, and one byte further where it is larger", async () => {
  const file = join(folder, "text");
  for (const [text, maxBytes, bytes] of [
    ["", 4, 0],
    ["abcd", 4, 4],
    ["abcde", 4, 5],
    ["abcdefgh", 4, 5],
  ] as const) {
    writeFileSync(file, text);
    expect((await readBounded(file, maxBytes)).length, text).toBe(bytes);
  }
});

it("a key that never ends is refused, not read", async () => {
  const error = await failure(loadTrust({ keys: ["/dev/zero"], home: folder }));
  expect(error.code).toBe("key-invalid");
  expect(error.message).toContain("larger than");
});
