// Building: the same content is the same package, and what only packing can see is refused.
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { openBuiltPackage } from "../../../agent/package/built-package.ts";
import { digestBytes } from "../../../agent/package/collect-blob.ts";
import { provenanceManifest } from "../../../agent/package/signature-manifest.ts";
import { formatOciReference, type OciReference } from "../../../platform/base/oci-reference.ts";
import { failure } from "../../support/failure.ts";
import {
  build,
  collect,
  fileBytes,
  openScratch,
  smallFolder,
  smallPipeline,
  writeFiles,
} from "./pipeline-fixture.ts";

const denoise = Buffer.from("\0asm denoise");
const denoiseBase = `oci://localhost:5000/nodes/denoise@${digestBytes(denoise)}`;

function withBase(base: string): string {
  return JSON.stringify({
    ...smallPipeline,
    modules: { ...smallPipeline.modules, Denoise: { path: "lib/denoise.wasm", base } },
  });
}

/** Writes the folder that the package unpacks to. */
async function unpack(built: Awaited<ReturnType<typeof build>>, folder: string): Promise<void> {
  const source = openBuiltPackage(built, "built");
  const files = [{ path: "manifest.json", descriptor: built.manifest.config }, ...built.manifest.layers];
  for (const { path, descriptor } of files)
    await writeFiles(folder, { [path]: await collect(source.read(descriptor)) });
}

describe("a package", () => {
  it("has the manifest, each module with its descriptor, and the models", async () => {
    await using scratch = await openScratch();
    await writeFiles(scratch.path, smallFolder);
    const built = await build(scratch.path);
    expect(built.manifest.layers.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      "model models/tiny.onnx",
      "wasm modules/gate.wasm",
      "descriptor modules/lib/denoise.node.json",
      "wasm modules/lib/denoise.wasm",
    ]);
    expect(built.manifest.annotations).toEqual({
      "org.opencontainers.image.title": "doorbell",
      "org.opencontainers.image.description": "rings",
      "org.opencontainers.image.version": "1.2.0",
    });
    const config = JSON.parse(
      Buffer.from(await collect(openBuiltPackage(built, "").read(built.manifest.config))).toString(),
    );
    const modules = { Denoise: { path: "modules/lib/denoise.wasm" }, Gate: { path: "modules/gate.wasm" } };
    expect(config).toEqual({ ...smallPipeline, modules });
    expect(built.inputs.map(({ path, from }) => [path, from])).toEqual(
      ["lib/denoise.wasm", "lib/node.json", "models/tiny.onnx", "modules/gate.wasm", "pipeline.json"].map(
        (path) => [path, "folder"],
      ),
    );
    expect(built.notices).toEqual([]);
  });

  it("is the same whatever the folder's name, the order, times and rights of its files, and how its manifest is spaced", async () => {
    await using scratch = await openScratch();
    const [one, other] = [join(scratch.path, "a"), join(scratch.path, "other name ä")];
    await writeFiles(one, smallFolder);
    const mask = process.umask(0o077);
    try {
      await writeFiles(other, Object.fromEntries(Object.entries(smallFolder).reverse()));
      await writeFile(
        join(other, "pipeline.json"),
        JSON.stringify({ ...smallPipeline, version: "v1" }, null, "\t"),
      );
    } finally {
      process.umask(mask);
    }
    await utimes(join(other, "models/tiny.onnx"), 1, 1);
    await chmod(join(other, "lib/denoise.wasm"), 0o755);
    const bytes = await fileBytes(await build(one), []);
    expect(Buffer.compare(bytes, await fileBytes(await build(other), []))).toBe(0);
    expect(digestBytes(bytes)).toBe(
      "sha256:f72bf85fc7d1c1f262b9453e5bb4af2c4f4e6313a7becb674d9672cee20eb31d",
    );
  });

  it("is the same when it is built from the folder that it unpacks to", async () => {
    await using scratch = await openScratch();
    const [folder, unpacked] = [join(scratch.path, "a"), join(scratch.path, "b")];
    await writeFiles(folder, { ...smallFolder, "pipeline.json": withBase(denoiseBase) });
    const built = await build(folder);
    await unpack(built, unpacked);
    const again = await build(unpacked, {}, "manifest.json");
    expect(again.manifest.descriptor).toEqual(built.manifest.descriptor);
  });

  it("without modules and models has one empty layer", async () => {
    await using scratch = await openScratch();
    const nodes = [{ id: "a", node_type: "PassThrough" }];
    await writeFiles(scratch.path, { "pipeline.json": JSON.stringify({ version: "v1", nodes }) });
    const built = await build(scratch.path);
    expect(built.manifest.layers).toEqual([]);
    expect(JSON.parse(Buffer.from(built.manifest.bytes).toString()).layers).toHaveLength(1);
    expect(built.blobs.size).toBe(2);
    expect(built.manifest.annotations).toEqual({ "org.opencontainers.image.title": "pipeline" });
  });

  it("says what it leaves out, and what will be missed", async () => {
    await using scratch = await openScratch();
    const nodes = [
      { ...smallPipeline.nodes[0]!, grants: { filesystem: { read: ["models/", "data/"] } } },
      smallPipeline.nodes[1],
    ];
    await writeFiles(scratch.path, {
      ...smallFolder,
      "pipeline.json": JSON.stringify({ ...smallPipeline, nodes }),
      "modules/src/main.rs": "fn main() {}",
    });
    expect((await build(scratch.path)).notices).toEqual([
      "modules/src/main.rs is left out: the manifest doesn't name it",
      "node clean may read data/, which no package carries",
    ]);
  });
});

describe("a base module", () => {
  it("is fetched by its digest where its file isn't there, and marked for mounting", async () => {
    await using scratch = await openScratch();
    await writeFiles(scratch.path, { ...smallFolder, "pipeline.json": withBase(denoiseBase) });
    const fromFile = await build(scratch.path);
    const bytes = await fileBytes(fromFile);
    await rm(join(scratch.path, "lib/denoise.wasm"));
    const asked: string[] = [];
    async function* fetchBase(reference: OciReference) {
      asked.push(formatOciReference(reference));
      yield denoise.subarray(0, 3);
      yield denoise.subarray(3);
    }
    const fetched = await build(scratch.path, { fetchBase });
    expect(asked).toEqual([denoiseBase]);
    expect(fetched.manifest.descriptor).toEqual(fromFile.manifest.descriptor);
    expect(fetched.manifest.layers.at(-1)?.base).toBe("localhost:5000/nodes/denoise");
    expect(fetched.inputs.find(({ path }) => path === "lib/denoise.wasm")?.from).toBe(denoiseBase);
    expect(Buffer.compare(await fileBytes(fetched), bytes)).toBe(0);
  });

  it("is refused when its file or what was fetched is something else, or nobody can fetch it", async () => {
    await using scratch = await openScratch();
    const other = denoiseBase.replace(/sha256:.*/, `sha256:${"0".repeat(64)}`);
    await writeFiles(scratch.path, { ...smallFolder, "pipeline.json": withBase(other) });
    expect((await failure(build(scratch.path))).code).toBe("digest-mismatch");
    await rm(join(scratch.path, "lib/denoise.wasm"));
    const lie = async function* () {
      yield new Uint8Array(3);
    };
    expect((await failure(build(scratch.path, { fetchBase: lie }))).code).toBe("digest-mismatch");
    expect((await failure(build(scratch.path))).code).toBe("module-missing");
    const endless = async function* () {
      for (;;) yield new Uint8Array(8 * 1024 * 1024);
    };
    expect((await failure(build(scratch.path, { fetchBase: endless }))).message).toContain("more than");
  });
});

describe("what is refused", () => {
  type Spoil = (folder: string) => Promise<unknown>;
  const manifest = (changes: object) => (folder: string) =>
    writeFile(join(folder, "pipeline.json"), JSON.stringify({ ...smallPipeline, ...changes }));
  const cases: [string, Spoil, string, string][] = [
    [
      "a manifest that isn't there",
      (folder) => rm(join(folder, "pipeline.json")),
      "manifest-missing",
      "there is no",
    ],
    [
      "a manifest that isn't UTF-8",
      (folder) => writeFile(join(folder, "pipeline.json"), "\xff", "latin1"),
      "manifest-syntax",
      "UTF-8",
    ],
    [
      "a manifest over its limit",
      (folder) => truncate(join(folder, "pipeline.json"), 9e6),
      "package-invalid",
      "at most",
    ],
    ["a manifest that doesn't fit", manifest({ nodes: 1 }), "manifest-schema", ""],
    ["half a character", manifest({ metadata: { name: "\ud800" } }), "package-invalid", "half a character"],
    [
      "a module that isn't there",
      (folder) => rm(join(folder, "modules/gate.wasm")),
      "module-missing",
      "Gate",
    ],
    [
      "a model linked from outside",
      (folder) => symlink("/etc/passwd", join(folder, "models/x")),
      "package-invalid",
      "leads out",
    ],
    [
      "a module linked from outside",
      (folder) =>
        rm(join(folder, "modules/gate.wasm")).then(() =>
          symlink("/etc/passwd", join(folder, "modules/gate.wasm")),
        ),
      "package-invalid",
      "leads out",
    ],
    [
      "models linked from outside",
      (folder) =>
        rm(join(folder, "models"), { recursive: true }).then(() => symlink("/tmp", join(folder, "models"))),
      "package-invalid",
      "leads out",
    ],
    [
      "a linked folder",
      (folder) => symlink(".", join(folder, "models/loop")),
      "package-invalid",
      "link to a folder",
    ],
    [
      "a link to nothing",
      (folder) => symlink("gone", join(folder, "models/x")),
      "package-invalid",
      "link to nothing",
    ],
    [
      "a FIFO among models",
      async (folder) => execFileSync("mkfifo", [join(folder, "models/x")]),
      "package-invalid",
      "FIFO",
    ],
    [
      "a FIFO for a module",
      async (folder) =>
        rename(join(folder, "modules/gate.wasm"), join(folder, "gate")).then(() =>
          execFileSync("mkfifo", [join(folder, "modules/gate.wasm")]),
        ),
      "package-invalid",
      "no plain file",
    ],
    [
      "a name that isn't UTF-8",
      async (folder) => execFileSync("sh", ["-c", `touch "$1/models/$(printf '\\377')"`, "sh", folder]),
      "package-invalid",
      "isn't UTF-8",
    ],
    [
      "a name with a control character",
      (folder) => writeFile(join(folder, "models/a\nb"), ""),
      "package-invalid",
      "control characters",
    ],
    [
      "names that differ in case",
      (folder) => writeFile(join(folder, "models/TINY.onnx"), ""),
      "package-invalid",
      "case doesn't count",
    ],
    [
      "1025 models",
      (folder) =>
        Promise.all(Array.from({ length: 1025 }, (_, n) => writeFile(join(folder, `models/${n}`), ""))),
      "package-invalid",
      "at most 1024",
    ],
    [
      "two files for one path",
      (folder) =>
        writeFiles(folder, { "gate.wasm": "x" }).then(() =>
          manifest({ modules: { ...smallPipeline.modules, Other: { path: "gate.wasm" } } })(folder),
        ),
      "package-invalid",
      "would both be",
    ],
    [
      "two bases of one file",
      manifest({
        modules: {
          ...smallPipeline.modules,
          Denoise: { path: "lib/denoise.wasm", base: denoiseBase },
          D2: { path: "./lib//denoise.wasm", base: denoiseBase.replace("nodes", "other") },
        },
      }),
      "package-invalid",
      "two bases",
    ],
    [
      "a descriptor that would fall to another",
      (folder) =>
        writeFiles(folder, {
          "modules/lib/gate.wasm": "x",
          "modules/lib/node.json": "{}",
          "lib/gate2.wasm": "y",
        })
          .then(() => rm(join(folder, "lib/node.json")))
          .then(() =>
            manifest({ modules: { ...smallPipeline.modules, G: { path: "modules/lib/gate.wasm" } } })(folder),
          ),
      "package-invalid",
      "would be described by modules/lib/node.json, not by nothing",
    ],
  ];

  it.each(cases)("%s", async (_, spoil, code, why) => {
    await using scratch = await openScratch();
    await writeFiles(scratch.path, smallFolder);
    await build(scratch.path);
    await spoil(scratch.path);
    const error = await failure(build(scratch.path));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(why)]);
  });

  it("a file that grows or changes while it is read", async () => {
    await using scratch = await openScratch();
    await writeFiles(scratch.path, { ...smallFolder, "models/big": new Uint8Array(3 * 1024 * 1024) });
    let isChanged = false;
    const onProgress = (path: string) => {
      if (path === "models/big" && !isChanged) appendFileSync(join(scratch.path, path), "more");
      isChanged ||= path === "models/big";
    };
    expect((await failure(build(scratch.path, { onProgress }))).message).toContain(
      "changed while it was read",
    );
  });
});

test("a link to another file of the folder is packed as that file, and a folder may be a link itself", async () => {
  await using scratch = await openScratch();
  const [folder, link] = [join(scratch.path, "real"), join(scratch.path, "link")];
  await writeFiles(folder, smallFolder);
  const before = await build(folder);
  await rename(join(folder, "models/tiny.onnx"), join(folder, "weights"));
  await symlink("../weights", join(folder, "models/tiny.onnx"));
  await symlink("real", link);
  expect((await build(link)).manifest.descriptor).toEqual(before.manifest.descriptor);
});

test("provenance of an unpacked package goes along while it is about this package, else it is left out with a word", async () => {
  await using scratch = await openScratch();
  await writeFiles(scratch.path, smallFolder);
  const { descriptor } = (await build(scratch.path)).manifest;
  const statement = { subject: [{ digest: { sha256: descriptor.digest.slice(7) } }] };
  const payload = Buffer.from(JSON.stringify(statement)).toString("base64");
  const bundle = JSON.stringify({ dsseEnvelope: { payload } });
  await mkdir(join(scratch.path, "meta"));
  await writeFile(join(scratch.path, "meta/provenance.sigstore.json"), bundle);
  await writeFile(join(scratch.path, "meta/signature.sigstore.json"), "not a bundle");
  const built = await build(scratch.path);
  const expected = provenanceManifest(new TextEncoder().encode(bundle), descriptor).referrer.descriptor
    .digest;
  expect(built.referrers.map(({ referrer }) => referrer.descriptor.digest)).toEqual([expected]);
  expect(await openBuiltPackage(built, "x").referrers()).toHaveLength(1);
  expect(built.notices).toEqual([expect.stringContaining("meta/signature.sigstore.json is left out")]);
  await writeFile(
    join(scratch.path, "models/tiny.onnx"),
    `${await readFile(join(scratch.path, "models/tiny.onnx"), "utf8")}!`,
  );
  expect((await build(scratch.path)).referrers).toEqual([]);
});
