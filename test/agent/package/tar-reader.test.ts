// Tar files by their headers: those of every writer at hand, and those that nobody should write.
import { execFileSync } from "node:child_process";
import { mkdir, open, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isLayoutPath } from "../../../agent/package/layout-files.ts";
import { type RandomAccess, readTarFiles, type TarFile } from "../../../agent/package/tar-reader.ts";
import { tarEnd, tarPadding, writeTarHeader } from "../../../agent/package/tar-writer.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { failure } from "../../support/failure.ts";
import { openScratch, writeFiles } from "./pipeline-fixture.ts";

const blob = (digit: string) => `blobs/sha256/${digit.repeat(64)}`;
const layout = {
  "oci-layout": "{}",
  "index.json": "x".repeat(512),
  [blob("a")]: "",
  [blob("b")]: "y".repeat(1300),
};

function access(bytes: Uint8Array): RandomAccess {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

function read(bytes: Uint8Array): Promise<ReadonlyMap<string, TarFile>> {
  return readTarFiles(access(bytes), isLayoutPath);
}

/** Which files were found, as their bytes. */
async function contents(bytes: Uint8Array): Promise<Record<string, string>> {
  const found = [...(await read(bytes))].map(([path, { offset, size }]) => [
    path,
    Buffer.from(bytes.subarray(offset, offset + size)).toString(),
  ]);
  return Object.fromEntries(found);
}

function entry(path: string, data = "", change: (block: Uint8Array) => void = () => {}): Uint8Array {
  const block = writeTarHeader(path, data.length);
  change(block);
  sign(block);
  return Buffer.concat([block, Buffer.from(data), tarPadding(data.length)]);
}

/** Gives a changed header its checksum. */
function sign(block: Uint8Array): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(Buffer.from(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}

const put = (at: number, text: string) => (block: Uint8Array) => block.set(Buffer.from(text, "latin1"), at);
const extended = (records: string, type = "x") => entry("PaxHeaders/x", records, put(156, type));
const record = (text: string) => `${text.length + (text.length < 7 ? 3 : 4)} ${text}\n`;
const whole = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat([...parts, tarEnd()]));

const formats = ["v7", "oldgnu", "gnu", "ustar", "posix"];
const pythonFormats = ["USTAR_FORMAT", "GNU_FORMAT", "PAX_FORMAT"];

function has(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function makeLayout(folder: string): Promise<string> {
  const path = join(folder, "layout");
  await writeFiles(path, layout);
  await mkdir(join(path, "ingest"));
  return path;
}

describe("what other programs write is read", () => {
  test.each(formats)("GNU tar's %s, with ./ and folders, in any order", async (format) => {
    await using scratch = await openScratch();
    const folder = await makeLayout(scratch.path);
    const file = join(scratch.path, "f.tar");
    execFileSync("tar", [`--format=${format}`, "-C", folder, "-cf", file, "."]);
    expect(await contents(await readFile(file))).toEqual(layout);
    execFileSync("tar", [
      `--format=${format}`,
      "-C",
      folder,
      "-cf",
      file,
      "oci-layout",
      "blobs",
      "index.json",
    ]);
    expect(await contents(await readFile(file))).toEqual(layout);
  });

  // Reason of a skip: the machine has no python3.
  test.runIf(has("python3")).each(pythonFormats)("Python's %s", async (format) => {
    await using scratch = await openScratch();
    const folder = await makeLayout(scratch.path);
    const file = join(scratch.path, "f.tar");
    const script = `import tarfile,sys\nwith tarfile.open(sys.argv[1],"w",format=tarfile.${format}) as t: t.add(sys.argv[2],".")`;
    execFileSync("python3", ["-c", script, file, folder]);
    expect(await contents(await readFile(file))).toEqual(layout);
  });

  // Reason of a skip: bsdtar (libarchive-tools) is nothing that a machine has by itself.
  test.runIf(has("bsdtar")).each(["ustar", "pax", "gnutar"])("bsdtar's %s", async (format) => {
    await using scratch = await openScratch();
    const folder = await makeLayout(scratch.path);
    const file = join(scratch.path, "f.tar");
    execFileSync("bsdtar", ["--format", format, "-C", folder, "-cf", file, "."]);
    expect(await contents(await readFile(file))).toEqual(layout);
  });

  test("a file of nine gigabytes, in ours and in theirs", async () => {
    await using scratch = await openScratch();
    const size = 9 * 2 ** 30;
    const ours = join(scratch.path, "ours.tar");
    const header = writeTarHeader(blob("c"), size);
    await writeFile(ours, header);
    await truncate(ours, header.length + size + tarEnd().length);
    const listed = execFileSync("tar", ["-tvf", ours]).toString();
    expect(listed).toContain(` ${size} `);
    await using handle = await open(ours);
    const sparse: RandomAccess = {
      size: header.length + size + 1024,
      async read(offset, length) {
        const bytes = new Uint8Array(length);
        await handle.read(bytes, 0, length, offset);
        return bytes;
      },
    };
    expect([...(await readTarFiles(sparse, isLayoutPath))]).toEqual([
      [blob("c"), { offset: header.length, size }],
    ]);
    const wide = entry(blob("c"), "", (block) => {
      put(124, "\x80\0\0\0")(block);
      new DataView(block.buffer).setBigUint64(128, BigInt(size));
    });
    const gnu: RandomAccess = {
      ...sparse,
      size: 512 + size + 1024,
      read: async (at, length) => (at === 0 ? wide : new Uint8Array(length)),
    };
    expect((await readTarFiles(gnu, isLayoutPath)).get(blob("c"))).toEqual({ offset: 512, size });
  });
});

describe("what is refused", () => {
  const index = entry("index.json", "{}");
  const cases: [string, Uint8Array, string][] = [
    ["traversal", whole(entry("../index.json")), "isn't of an OCI image layout"],
    ["traversal inside", whole(entry("blobs/../index.json")), "isn't of an OCI image layout"],
    ["an absolute path", whole(entry("/index.json")), "isn't of an OCI image layout"],
    ["two ./", whole(entry("././index.json")), "isn't of an OCI image layout"],
    ["another file", whole(entry("manifest.json")), "isn't of an OCI image layout"],
    [
      "a blob that is no digest",
      whole(entry(`blobs/sha256/${"A".repeat(64)}`)),
      "isn't of an OCI image layout",
    ],
    ["another folder", whole(entry("etc/", "", put(156, "5"))), "isn't of an OCI image layout"],
    ["a folder in a file's place", whole(entry("index.json", "", put(156, "5"))), "the folder"],
    ["a file twice", whole(index, index), "twice"],
    ["a file twice, once with ./", whole(index, entry("./index.json")), "twice"],
    ["a hard link", whole(entry("index.json", "", put(156, "1"))), "a hard link"],
    ["a symbolic link", whole(entry("index.json", "", put(156, "2"))), "a symbolic link"],
    ["a character device", whole(entry("index.json", "", put(156, "3"))), "a device"],
    ["a block device", whole(entry("index.json", "", put(156, "4"))), "a device"],
    ["a FIFO", whole(entry("index.json", "", put(156, "6"))), "a FIFO"],
    ["a sparse file", whole(entry("index.json", "", put(156, "S"))), "a sparse file"],
    ["a long name", whole(entry("././@LongLink", "index.json", put(156, "L"))), "a long name"],
    ["an unknown type", whole(entry("index.json", "", put(156, "Z"))), "unknown type"],
    ["a folder with data", whole(entry("blobs/", "x", put(156, "5"))), "has data"],
    ["an unknown format", whole(entry("index.json", "", put(257, "other"))), "unknown format"],
    ["a name that isn't UTF-8", whole(entry("index.json", "", put(0, "\xff"))), "isn't UTF-8"],
    ["a size that isn't octal", whole(entry("index.json", "", put(124, "0000000008 "))), "isn't octal"],
    ["no size", whole(entry("index.json", "", put(124, "            "))), "isn't octal"],
    ["a negative size", whole(entry("index.json", "", put(124, "\xff".repeat(12)))), "a wild size"],
    ["a size beyond numbers", whole(entry("index.json", "", put(124, "\x80\x01\0\0"))), "a wild size"],
    ["a size beyond the end", whole(entry("index.json", "", put(124, "00000777777"))), "beyond the end"],
    [
      "a path in an extension",
      whole(extended(record("path=oci-layout")), index),
      'is called "index.json" and',
    ],
    ["a size in an extension", whole(extended(record("size=1")), index), "2 bytes, and 1"],
    ["a large size beside another", whole(extended(record("size=99999999999")), index), "2 bytes, and 9"],
    ["a link in an extension", whole(extended(record("linkpath=/etc")), index), "linkpath"],
    ["a sparse map", whole(extended(record("GNU.sparse.major=1")), index), "GNU.sparse"],
    ["star's real size", whole(extended(record("SCHILY.realsize=9")), index), "realsize"],
    ["a size for all", whole(extended(record("size=2"), "g"), index), "global"],
    ["a key twice", whole(extended(record("size=2") + record("size=2")), index), "twice"],
    ["an extension that lies", whole(extended("99 size=2\n"), index), "lies about its length"],
    ["an extension without a key", whole(extended(record("=2")), index), "no key"],
    ["an extension without an end", whole(extended("9 size=2"), index), "lies about its length"],
    ["two extensions", whole(extended(record("a=b")), extended(record("a=b")), index), "two extended"],
    ["an extension of nothing", whole(extended(record("a=b"))), "before nothing"],
    ["a huge extension", whole(extended(`70000 a=${"b".repeat(69_991)}\n`), index), "70000 bytes"],
    ["no end", new Uint8Array(index), "cut short"],
    ["one block of an end", new Uint8Array(Buffer.concat([index, new Uint8Array(512)])), "cut short"],
    ["something behind the end", new Uint8Array([...whole(index), 1]), "isn't zeros"],
    ["another tar behind the end", new Uint8Array([...whole(index), ...whole(index)]), "isn't zeros"],
    ["an end of 5 MB", new Uint8Array(5_000_000), "goes on"],
    ["padding with something in it", damaged(whole(index), 600), "isn't zeros"],
    ["a broken checksum", damaged(whole(index), 20), "checksum"],
    ["nothing", new Uint8Array(), "cut short"],
    ["a text", Buffer.from("#!/bin/sh\n".repeat(200)), "checksum"],
  ];

  it.each(cases)("%s", async (_, bytes, why) => {
    const error = await failure(read(bytes));
    expect(error.code).toBe("package-invalid");
    expect(error.message).toContain(why);
  });

  it("more than 100,000 entries", async () => {
    const names = entry(blob("0"));
    const distinct: RandomAccess = {
      size: 512 * 100_003,
      async read(at) {
        const block = names.slice();
        put(13, (at / 512).toString(16).padStart(64, "0"))(block);
        sign(block);
        return block;
      },
    };
    expect((await failure(readTarFiles(distinct, isLayoutPath))).message).toContain("more than 100000");
  });
});

function damaged(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at]! ^= 1;
  return bytes;
}

test("what extensions say of times and owners is nothing to us, and what agrees is taken", async () => {
  const data = whole(
    extended(record("comment=hello"), "g"),
    extended(record("mtime=1.5") + record("path=index.json") + record("size=2")),
    entry("index.json", "{}"),
  );
  expect(await contents(data)).toEqual({ "index.json": "{}" });
});

test("whatever the bytes, files lie inside or an error of ours is thrown", async () => {
  const parts = fc.constantFrom(...cases());
  const piece = fc.oneof(parts, fc.uint8Array({ maxLength: 600 }), fc.constant(new Uint8Array(512)));
  const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 6 }),
      flips,
      fc.boolean(),
      async (pieces, changes, resigned) => {
        const bytes = whole(...pieces);
        for (const [at, mask] of changes) bytes[at % bytes.length]! ^= mask;
        if (resigned && bytes.length > 512) sign(bytes.subarray(0, 512));
        const found = await read(bytes).catch((thrown) => thrown);
        if (found instanceof RemoteMediaError) return;
        for (const { offset, size } of (found as Map<string, TarFile>).values()) {
          expect(offset + size).toBeLessThanOrEqual(bytes.length - 1024);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

function cases(): Uint8Array[] {
  return [
    entry("index.json", "{}"),
    entry("oci-layout", "{}"),
    entry(blob("a"), "x".repeat(700)),
    entry("blobs/", "", put(156, "5")),
    extended(record("size=2")),
    extended(record("mtime=2"), "g"),
  ];
}
