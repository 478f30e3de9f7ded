// The files of a pipeline: a folder's as they are, a package's only with the digest that was signed.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readInFolder } from "../../../agent/main/pipeline-folder.ts";
import type { Digest } from "../../../platform/base/digest.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "pipeline-folder-"));
  writeFileSync(join(path, "a.wasm"), "a");
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const digestOf = (text: string): Digest => `sha256:${createHash("sha256").update(text).digest("hex")}`;

function unpacked(digests: Record<string, Digest>) {
  return {
    path,
    manifestFile: join(path, "manifest.json"),
    digestOf: (name: string) => digests[name],
  };
}

describe("a file of the user's folder", () => {
  const read = (name: string, maxBytes = 10) =>
    readInFolder({ path, manifestFile: join(path, "manifest.json") }, name, maxBytes);

  it("is given as it is", async () => {
    expect(await read("a.wasm")).toEqual({ kind: "file", bytes: new Uint8Array([97]) });
  });

  it("that is not there, too large, a folder or a pipe nobody writes into is told apart", async () => {
    expect(await read("b.wasm")).toEqual({ kind: "absent", reason: "not there" });
    expect(await read("a.wasm/b")).toEqual({ kind: "absent", reason: "not there" });
    expect(await read("a.wasm", 0)).toMatchObject({
      kind: "large",
      reason: expect.stringContaining("1 bytes"),
    });
    mkdirSync(join(path, "c.wasm"));
    expect(await read("c.wasm")).toEqual({ kind: "unusable", reason: "no file" });
    expect(Bun.spawnSync(["mkfifo", join(path, "d.wasm")]).success).toBe(true);
    expect(await read("d.wasm")).toEqual({ kind: "unusable", reason: "no file" });
  });
});

describe("a file of an unpacked package", () => {
  it("is given where its bytes have the digest that was signed", async () => {
    const folder = unpacked({ "a.wasm": digestOf("a") });
    expect(await readInFolder(folder, "a.wasm", 10)).toMatchObject({ kind: "file" });
  });

  it("that was changed after unpacking is refused with its path and the digest it should have", async () => {
    const folder = unpacked({ "a.wasm": digestOf("b") });
    await expect(readInFolder(folder, "a.wasm", 10)).rejects.toMatchObject({
      code: "digest-mismatch",
      message: expect.stringContaining("a.wasm"),
      where: { file: join(path, "a.wasm"), digest: digestOf("b") },
    });
  });

  it("that the package does not have is not there, whoever put it beside the others", async () => {
    expect(await readInFolder(unpacked({}), "a.wasm", 10)).toMatchObject({ kind: "absent" });
  });
});
