// Packages in files and folders: ours, other programs' and broken ones.
import { execFileSync } from "node:child_process";
import { mkdir, open, readFile, rename, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it, test } from "vitest";
import type { BuiltPackage } from "../../../agent/package/built-package.ts";
import { openPackageFile } from "../../../agent/package/package-file.ts";
import { readSignatures } from "../../../agent/package/read-signatures.ts";
import { simpleSigningTag } from "../../../agent/package/signature-manifest.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { failure } from "../../support/failure.ts";
import {
  build,
  collect,
  fileBytes,
  openScratch,
  readAll,
  smallFolder,
  someSignature,
  writeFiles,
} from "./pipeline-fixture.ts";

let built: BuiltPackage;
let bytes: Uint8Array;

beforeAll(async () => {
  await using scratch = await openScratch();
  await writeFiles(scratch.path, smallFolder);
  built = await build(scratch.path);
  bytes = await fileBytes(built);
});

/** Opens a package and reads all of it, with what is attached; gives its digest and how much is attached. */
async function readPackage(path: string): Promise<[string, number]> {
  await using source = await openPackageFile(path);
  await readAll(source);
  const { carriers } = await readSignatures(source);
  return [source.manifest.descriptor.digest, carriers.length];
}

async function unpack(scratch: { path: string }): Promise<string> {
  const file = join(scratch.path, "f.rmpkg");
  const folder = join(scratch.path, "layout");
  await writeFile(file, bytes);
  await mkdir(folder);
  execFileSync("tar", ["-C", folder, "-xf", file]);
  return folder;
}

describe("our own files", () => {
  it("are read back whole, with both layouts of signatures, from the tar and from the folder that it unpacks to", async () => {
    await using scratch = await openScratch();
    const folder = await unpack(scratch);
    const { digest } = built.manifest.descriptor;
    expect(await readPackage(join(scratch.path, "f.rmpkg"))).toEqual([digest, 2]);
    expect(await readPackage(folder)).toEqual([digest, 2]);
  });

  it("list in tar, sorted, with no time and no owner", async () => {
    await using scratch = await openScratch();
    await unpack(scratch);
    const listed = execFileSync("tar", ["--utc", "-tvf", join(scratch.path, "f.rmpkg")])
      .toString()
      .trim()
      .split("\n");
    for (const line of listed) expect(line).toMatch(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 /);
    const names = listed.map((line) => line.split(" ").at(-1)!);
    expect(names).toEqual(names.toSorted());
    expect(names.slice(-2)).toEqual(["index.json", "oci-layout"]);
  });

  it("give a blob from an offset, and where it lies in the file", async () => {
    await using scratch = await openScratch();
    const path = join(scratch.path, "f.rmpkg");
    await writeFile(path, bytes);
    await using source = await openPackageFile(path);
    const model = source.manifest.layers.find((layer) => layer.path === "models/tiny.onnx")!.descriptor;
    expect(Buffer.from(await collect(source.read(model, 3))).toString()).toBe("ghts");
    expect(await collect(source.read(model, 7))).toHaveLength(0);
    const { file, fileOffset } = source.stretch!(model)!;
    expect(file).toBe(path);
    expect(Buffer.from(bytes.subarray(fileOffset, fileOffset! + 7)).toString()).toBe("weights");
  });

  it("are refused, whichever of their bytes is another", async () => {
    await using scratch = await openScratch();
    const path = join(scratch.path, "f.rmpkg");
    await writeFile(path, bytes);
    await using file = await open(path, "r+");
    const taken: string[] = [];
    for (let at = 0; at < bytes.length; at++) {
      // Most are the zeros between files: of those a fifth will do.
      if (bytes[at] === 0 && at % 5 !== 0) continue;
      const mask = 1 << (at % 8);
      await file.write(Uint8Array.of(bytes[at]! ^ mask), 0, 1, at);
      const outcome = await readPackage(path).catch((thrown: unknown) => thrown);
      if (!(outcome instanceof RemoteMediaError)) taken.push(`${at}^${mask}: ${outcome}`);
      else if (!["package-invalid", "digest-mismatch"].includes(outcome.code))
        taken.push(`${at}: ${outcome.code}`);
      await file.write(bytes, at, 1, at);
    }
    expect(taken).toEqual([]);
  }, 120_000);

  it("are refused when they are cut anywhere, and named in the error", async () => {
    await using scratch = await openScratch();
    const path = join(scratch.path, "f.rmpkg");
    for (let length = bytes.length - 1; length >= 0; length -= 97) {
      await writeFile(path, bytes.subarray(0, length));
      const error = await failure(readPackage(path));
      expect([error.code, error.where?.file]).toEqual(["package-invalid", path]);
    }
  });

  it("give bytes or an error when they are changed while they are open", async () => {
    await using scratch = await openScratch();
    const path = join(scratch.path, "f.rmpkg");
    await writeFile(path, bytes);
    await using source = await openPackageFile(path);
    const blob = source.manifest.blobs.at(-1)!;
    await rename(path, `${path}.old`);
    await writeFile(path, "something else");
    expect(await collect(source.read(blob))).toHaveLength(blob.size);
    await truncate(`${path}.old`, 100);
    const error = await failure(collect(source.read(blob)));
    expect(error.message).toContain("changed while it was read");
  });
});

describe("what isn't a package", () => {
  it("is told apart: nothing, a FIFO, a compressed file, an empty folder", async () => {
    await using scratch = await openScratch();
    const at = (name: string) => join(scratch.path, name);
    expect((await failure(openPackageFile(at("none")))).code).toBe("package-missing");
    execFileSync("mkfifo", [at("fifo")]);
    expect((await failure(openPackageFile(at("fifo")))).message).toContain("neither a file nor a folder");
    await writeFile(at("f.tgz"), Bun.gzipSync(new Uint8Array(bytes)));
    expect((await failure(openPackageFile(at("f.tgz")))).message).toContain("compressed");
    await mkdir(at("empty"));
    expect((await failure(openPackageFile(at("empty")))).message).toContain("has no oci-layout");
  });

  it("a FIFO in a blob's place is not waited for, and a link to another file is found out", async () => {
    await using scratch = await openScratch();
    const folder = await unpack(scratch);
    const { digest, size } = built.manifest.config;
    const blob = join(folder, "blobs", digest.replace(":", "/"));
    await rename(blob, `${blob}.old`);
    expect((await failure(openPackageFile(folder))).message).toContain(
      "the pipeline's manifest.json is missing",
    );
    execFileSync("mkfifo", [blob]);
    expect((await failure(openPackageFile(folder))).message).toContain("is no file");
    await rename(blob, `${blob}.fifo`);
    await writeFile(join(folder, "other"), "x".repeat(size));
    await symlink(join(folder, "other"), blob);
    expect((await failure(readPackage(folder))).code).toBe("digest-mismatch");
  });
});

describe("an index", () => {
  type Index = {
    manifests: { digest: string; annotations?: object; [field: string]: unknown }[];
    [field: string]: unknown;
  };

  async function withIndex(change: (index: Index) => unknown): Promise<[string, number]> {
    await using scratch = await openScratch();
    const folder = await unpack(scratch);
    const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as Index;
    delete index["annotations"];
    const changed = change(index) ?? index;
    await writeFile(
      join(folder, "index.json"),
      typeof changed === "string" ? changed : JSON.stringify(changed),
    );
    return await readPackage(folder);
  }

  it("may say less than ours: no types, no names, the same manifest under several names", async () => {
    const { digest } = built.manifest.descriptor;
    const bare = (index: Index) => {
      delete index["mediaType"];
      for (const one of index.manifests) delete one["artifactType"];
      index.manifests.push({ ...index.manifests[0]!, annotations: {} });
    };
    expect(await withIndex(bare)).toEqual([digest, 2]);
    const unnamed = (index: Index) => {
      for (const one of index.manifests) delete one["annotations"];
    };
    expect(await withIndex(unnamed)).toEqual([digest, 1]);
  });

  const tag = () => simpleSigningTag(built.manifest.descriptor.digest);
  const first = (changes: object) => (index: Index) => ({
    ...index,
    manifests: [{ ...index.manifests[0]!, ...changes }, ...index.manifests.slice(1)],
  });
  const more = (changes: object) => (index: Index) => ({
    ...index,
    manifests: [...index.manifests, { ...index.manifests[0]!, ...changes }],
  });
  const whole = (changes: object) => (index: Index) => ({ ...index, ...changes });
  const zeros = "0".repeat(64);
  const nested = `{"schemaVersion":2,"annotations":{"dev.remotemedia.index.digest":"x"},"manifests":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
  it.each<[string, (index: Index) => unknown, string]>([
    [
      "without the package",
      (index) => ({ ...index, manifests: index.manifests.slice(1) }),
      "no pipeline package",
    ],
    ["in the index", first({ mediaType: "application/vnd.oci.image.index.v1+json" }), "isn't followed"],
    ["of something else", first({ mediaType: "text/html" }), "image manifests only"],
    ["with a missing manifest", first({ digest: `sha256:${zeros}` }), "is missing"],
    ["with a lying size", first({ size: 5 }), "not 5"],
    ["with two sizes", more({ size: 5 }), "two sizes"],
    ["with a lying type", first({ artifactType: "a/b" }), "which it isn't"],
    ["with a path for a digest", first({ digest: "sha256:../../index.json" }), "the digest of manifest 1"],
    ["of 1025 manifests", whole({ manifests: Array(1025).fill({}) }), "at most 1024"],
    ["of too many bytes", more({ digest: `sha256:${zeros}`, size: 2 ** 27 }), "bytes together"],
    ["with a foreign annotation", whole({ annotations: { a: "b" } }), '"a"'],
    ["with another's digest", whole({ annotations: { "dev.remotemedia.index.digest": "x" } }), "was changed"],
    ["of another schema", whole({ schemaVersion: 1 }), "schema 2"],
    ["that is a list", () => [], "isn't a JSON object"],
    ["that is no JSON", () => "{", "isn't JSON"],
    ["that is nested", () => nested, ""],
    ["of 5 MB", () => " ".repeat(5_000_000), "at most"],
  ])("%s is refused", async (_, change, why) => {
    const error = await failure(withIndex(change));
    expect(error.code).toBe("package-invalid");
    expect(error.message).toContain(why);
  });

  it("with two packages is refused, and with more than 64 signatures", async () => {
    await using scratch = await openScratch();
    const folder = await unpack(scratch);
    const put = async (document: object) => {
      const content = Buffer.from(JSON.stringify(document));
      const digest = `sha256:${new Bun.CryptoHasher("sha256").update(content).digest("hex")}`;
      await writeFile(join(folder, "blobs", digest.replace(":", "/")), content);
      return { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: content.length };
    };
    const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as Index;
    const writeIndex = (manifests: object[]) =>
      writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    const own = JSON.parse(Buffer.from(built.manifest.bytes).toString());
    await writeIndex([index.manifests[0]!, await put({ ...own, annotations: {} })]);
    expect((await failure(openPackageFile(folder))).message).toContain("2 pipeline packages");
    const subject = index.manifests[0]!;
    const many = await Promise.all(Array.from({ length: 65 }, (_, n) => put({ subject, n })));
    await writeIndex([subject, ...many]);
    expect((await failure(readPackage(folder))).message).toContain("at most 64");
    const named = many
      .slice(0, 3)
      .map((one) => ({ ...one, annotations: { "org.opencontainers.image.ref.name": tag() } }));
    await writeIndex([subject, ...named]);
    await using source = await openPackageFile(folder);
    expect(await source.referrers()).toHaveLength(3);
  });

  it("gives nothing but errors of ours on whatever stands in the place of anything", async () => {
    await using scratch = await openScratch();
    const folder = await unpack(scratch);
    const text = await readFile(join(folder, "index.json"), "utf8");
    const places = ["manifests", "mediaType", "schemaVersion", "annotations", "0", "digest", "size", "other"];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.jsonValue(), async (place, value) => {
        const index = JSON.parse(text) as Index;
        delete index["annotations"];
        if (place === "0") index.manifests[0] = value as never;
        else if (["digest", "size"].includes(place)) index.manifests[0]![place] = value;
        else index[place] = value;
        await writeFile(join(folder, "index.json"), JSON.stringify(index));
        const outcome = await readPackage(folder).catch((thrown: unknown) => thrown);
        if (!Array.isArray(outcome)) expect(outcome).toBeInstanceOf(RemoteMediaError);
      }),
      { numRuns: 150 },
    );
  });
});

describe("skopeo", () => {
  // Reason of a skip: skopeo isn't installed; scripts/setup installs it where the tests of registries run.
  test.runIf(Bun.which("skopeo") !== null)(
    "copies our file to an archive and a folder of its own, which are read",
    async () => {
      await using scratch = await openScratch();
      const [ours, theirs, folder] = ["f.rmpkg", "g.tar", "layout"].map((name) => join(scratch.path, name));
      await writeFile(ours!, bytes);
      const copy = (to: string) =>
        execFileSync("skopeo", ["copy", "-q", "--insecure-policy", `oci-archive:${ours}:latest`, to]);
      copy(`oci-archive:${theirs}:1`);
      copy(`oci:${folder}:1`);
      const { digest } = built.manifest.descriptor;
      expect(await readPackage(theirs!)).toEqual([digest, 0]);
      expect(await readPackage(folder!)).toEqual([digest, 0]);
    },
  );
});

test("a blob whose bytes are others is never written whole", async () => {
  await using scratch = await openScratch();
  await writeFiles(scratch.path, smallFolder);
  const fresh = await build(scratch.path);
  await writeFile(join(scratch.path, "models/tiny.onnx"), "Weights");
  const error = await failure(fileBytes(fresh, someSignature(fresh)));
  expect([error.code, error.message.split(" ")[0]]).toEqual(["digest-mismatch", "models/tiny.onnx"]);
  await writeFile(join(scratch.path, "models/tiny.onnx"), "w");
  expect((await failure(fileBytes(fresh))).message).toContain("it ends at byte 1");
});
