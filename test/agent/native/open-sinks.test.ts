// Outputs on real files, disks, pipes and stdout.
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSink, openSinks } from "../../../agent/native/open-sinks.ts";
import { readWav } from "../../../agent/native/wav-reader.ts";
import type { Frame } from "../../../agent/node/frame.ts";
import { chunked, collectAll, joined, ours, rejection, utf8 } from "./chunked.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sinks-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const json = (value: unknown, port = "out", pts = 0): Frame => ({
  port,
  pts,
  payload: { kind: "json" },
  data: utf8(JSON.stringify(value)),
});
const sound = (data: Uint8Array, rate = 16_000, format: "s16le" | "f32le" = "s16le"): Frame => ({
  port: "out",
  pts: 0,
  payload: { kind: "audio", rate, channels: 1, format },
  data,
});

describe("an output file", () => {
  it("is not there before it is closed, and then is whole", async () => {
    const sink = await openSink({ path: at("a.ndjson"), node: "n" });
    await sink.write(json(12));
    expect(existsSync(at("a.ndjson"))).toBe(false);
    await sink.close();
    expect(readFileSync(at("a.ndjson"), "utf8")).toBe('{"port":"out","pts":0,"json":12}\n');
    expect(readdirSync(folder)).toEqual(["a.ndjson"]);
  });

  it("that is given up leaves the old one and nothing else", async () => {
    writeFileSync(at("a.ndjson"), "old");
    const sink = await openSink({ path: at("a.ndjson"), node: "n" });
    await sink.write(json(1));
    await sink.abort();
    await sink.abort();
    expect(readdirSync(folder)).toEqual(["a.ndjson"]);
    expect(readFileSync(at("a.ndjson"), "utf8")).toBe("old");
    ours(await rejection(sink.write(json(2))), "output-failed");
  });

  it("keeps an existing one's permissions, and what a link points to is what is written", async () => {
    mkdirSync(at("real"));
    writeFileSync(at("real/a.json"), "old");
    chmodSync(at("real/a.json"), 0o600);
    symlinkSync("real/a.json", at("link.json"));
    const sink = await openSink({ path: at("link.json"), node: "n" });
    await sink.close();
    expect(readFileSync(at("real/a.json"), "utf8")).toBe("[]\n");
    expect(statSync(at("real/a.json")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(["link.json", "real"]);
  });

  it("that ends in .json is one array", async () => {
    const sink = await openSink({ path: at("a.json"), node: "n" });
    for (const value of [1, { b: 2 }]) await sink.write(json(value));
    await sink.close();
    const parsed = JSON.parse(readFileSync(at("a.json"), "utf8"));
    expect(parsed).toEqual([
      { port: "out", pts: 0, json: 1 },
      { port: "out", pts: 0, json: { b: 2 } },
    ]);
  });

  it("in a folder that isn't there, or that is a folder, or of an unknown form, is refused at once", async () => {
    const missing = ours(await rejection(openSink({ path: at("no/a.json"), node: "n" })), "output-failed");
    expect(missing.hint).toBe("Create the folder first.");
    mkdirSync(at("b.json"));
    ours(await rejection(openSink({ path: at("b.json"), node: "n" })), "output-failed");
    const unknown = ours(await rejection(openSink({ path: at("a.mp3"), node: "n" })), "usage");
    expect(unknown.hint).toContain(".wav");
  });

  it("that can't be opened gives up the others", async () => {
    const specs = [at("a.ndjson"), at("no/b.ndjson")].map((path) => ({ path, node: "n" }));
    ours(await rejection(openSinks(specs)), "output-failed");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("gets a frame that is no JSON refused, and is given up", async () => {
    const sink = await openSink({ path: at("a.ndjson"), node: "n" });
    ours(await rejection(sink.write({ ...json(1), data: utf8("{") })), "node-bad-output");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a disk that is full", () => {
  let mounted = false;
  beforeEach(() => {
    mkdirSync(at("disk"));
    mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", at("disk")]).status === 0;
  });
  afterEach(() => {
    if (mounted) spawnSync("umount", [at("disk")]);
  });

  it("fails the output and leaves no temporary file (on a small disk where one can be mounted)", async (test) => {
    if (!mounted) test.skip("mounting needs root");
    for (const name of ["a.ndjson", "a.wav"]) {
      const sink = await openSink({ path: join(at("disk"), name), node: "n", raw: true });
      const write = async () => {
        for (let count = 0; count < 100; count++) await sink.write(sound(new Uint8Array(4000)));
        await sink.close();
      };
      const failed = ours(await rejection(write()), "output-failed");
      expect(failed.message).toContain("disk is full");
      expect(failed.hint).toBeTruthy();
      expect(readdirSync(at("disk"))).toEqual([]);
      await sink.abort();
    }
  });

  it("is told of a device too", async () => {
    const sink = await openSink({ path: "/dev/full", node: "n" });
    const write = async () => {
      await sink.write(json(1));
      await sink.close();
    };
    expect(ours(await rejection(write()), "output-failed").message).toContain("disk is full");
    expect(existsSync("/dev/full")).toBe(true);
  });
});

describe("an output that is no regular file", () => {
  it("is written where it is", async () => {
    const sink = await openSink({ path: "/dev/null", node: "n" });
    await sink.write(json(1));
    await sink.close();
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it("may be a FIFO, whose WAV has open sizes", async () => {
    spawnSync("mkfifo", [at("pipe.wav")]);
    const reader = spawn("cat", [at("pipe.wav")], { stdio: ["ignore", "pipe", "inherit"] });
    const chunks: Buffer[] = [];
    reader.stdout.on("data", (chunk) => chunks.push(chunk));
    const ended = new Promise((resolve) => reader.on("close", resolve));
    const sink = await openSink({ path: at("pipe.wav"), node: "n" });
    await sink.write(sound(Uint8Array.of(1, 2, 3, 4)));
    await sink.close();
    await ended;
    const bytes = new Uint8Array(Buffer.concat(chunks));
    expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(40, true)).toBe(0xffff_ffff);
    expect([...joined(await collectAll(readWav(chunked(bytes), { port: "in" })))]).toEqual([1, 2, 3, 4]);
    expect(statSync(at("pipe.wav")).isFIFO()).toBe(true);
  });

  it("whose reader has gone is told as such", async () => {
    spawnSync("mkfifo", [at("pipe.ndjson")]);
    const reader = spawn("head", ["-n", "1", at("pipe.ndjson")], { stdio: "ignore" });
    const ended = new Promise((resolve) => reader.on("close", resolve));
    const sink = await openSink({ path: at("pipe.ndjson"), node: "n" });
    await sink.write(json(1));
    await ended;
    const write = async () => {
      await sink.write(json(2));
      await sink.close();
    };
    ours(await rejection(write()), "output-closed");
  });
});

describe("stdout", () => {
  const program = (body: string) => {
    const file = at("program.ts");
    const module = join(import.meta.dirname, "../../../agent/native/open-sinks.ts");
    writeFileSync(
      file,
      `import { openSink } from ${JSON.stringify(module)};
       const sink = await openSink({ path: "-", node: "n" });
       const frame = (n: number) => ({ port: "out", pts: n, payload: { kind: "json" } as const, data: new TextEncoder().encode(String(n)) });
       ${body}`,
    );
    return `${process.execPath} ${file}`;
  };

  it("gets all lines in order through a slow pipe", () => {
    const command = program(
      "for (let n = 0; n < 50_000; n++) await sink.write(frame(n)); await sink.close();",
    );
    const { stdout } = spawnSync("sh", ["-c", `${command} | (sleep 0.2; cat)`], { maxBuffer: 1e8 });
    const lines = stdout.toString().trimEnd().split("\n");
    expect(lines.length).toBe(50_000);
    expect(lines.every((line, index) => line === `{"port":"out","pts":${index},"json":${index}}`)).toBe(true);
  });

  it("that is closed early, as by head, throws output-closed and kills nothing", () => {
    const command = program(
      `try { for (let n = 0; ; n++) await sink.write(frame(n)); } catch (e) { console.error(e.code); await sink.abort(); process.exit(9) }`,
    );
    const { stdout, stderr } = spawnSync("bash", [
      "-c",
      `set -o pipefail; ${command} | head -n 2; echo \${PIPESTATUS[0]}`,
    ]);
    expect(stderr.toString().trim()).toBe("output-closed");
    expect(stdout.toString().trim().split("\n").at(-1)).toBe("9");
  });
});

describe("outputs of one path", () => {
  it("are one sink, which names the frames' nodes where they are several, and is finished once", async () => {
    const [a, b] = await openSinks([
      { path: at("a.ndjson"), node: "vad" },
      { path: join(folder, ".", "a.ndjson"), node: "level" },
    ]);
    expect(a).toBe(b);
    await Promise.all([a!.write(json(1), "vad"), a!.write(json(2), "level"), a!.write(json(3), "vad")]);
    expect(existsSync(at("a.ndjson"))).toBe(false);
    await a!.close();
    await b!.close();
    expect(readFileSync(at("a.ndjson"), "utf8")).toBe(
      '{"node":"vad","port":"out","pts":0,"json":1}\n{"node":"level","port":"out","pts":0,"json":2}\n{"node":"vad","port":"out","pts":0,"json":3}\n',
    );
  });

  it("of one node are told apart by the port alone", async () => {
    const sinks = await openSinks([
      { path: at("a.ndjson"), node: "vad" },
      { path: at("a.ndjson"), node: "vad" },
    ]);
    await sinks[0]!.write(json(1, "speech"), "vad");
    await Promise.all(sinks.map((sink) => sink.close()));
    expect(readFileSync(at("a.ndjson"), "utf8")).not.toContain("node");
  });

  it("are given up together", async () => {
    const [a, b] = await openSinks([
      { path: at("a.ndjson"), node: "a" },
      { path: at("a.ndjson"), node: "b" },
    ]);
    await a!.write(json(1), "a");
    await b!.abort();
    ours(await rejection(a!.write(json(2), "a")), "output-failed");
    ours(await rejection(a!.close()), "output-failed");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("can't be one WAV", async () => {
    const specs = ["a", "b"].map((node) => ({ path: at("a.wav"), node }));
    expect(ours(await rejection(openSinks(specs)), "usage").message).toContain("a, b");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a WAV output", () => {
  it("is what ffprobe and our reader take it for", async () => {
    const sink = await openSink({ path: at("a.wav"), node: "n" });
    const data = new Uint8Array(32_000).map((_, index) => index);
    for (let from = 0; from < data.length; from += 640)
      await sink.write(sound(data.subarray(from, from + 640)));
    await sink.close();
    const args = [
      "-v",
      "error",
      "-of",
      "csv=p=0",
      "-show_entries",
      "stream=codec_name,sample_rate,duration",
      at("a.wav"),
    ];
    expect(spawnSync("ffprobe", args).stdout.toString().trim()).toBe("pcm_s16le,16000,1.000000");
    const frames = await collectAll(readWav(chunked(readFileSync(at("a.wav"))), { port: "in" }));
    expect(joined(frames)).toEqual(data);
  });

  it("that got no frame is an empty WAV", async () => {
    const sink = await openSink({ path: at("a.wav"), node: "n" });
    await sink.close();
    expect(await collectAll(readWav(chunked(readFileSync(at("a.wav"))), { port: "in" }))).toEqual([]);
  });

  it("refuses another layout, and what is no audio, and is given up", async () => {
    for (const other of [
      sound(new Uint8Array(4), 8000),
      sound(new Uint8Array(4), 16_000, "f32le"),
      json(1),
    ]) {
      const sink = await openSink({ path: at("a.wav"), node: "n" });
      await sink.write(sound(new Uint8Array(4)));
      const refused = ours(await rejection(sink.write(other)), "output-failed");
      expect(refused.hint).toBeTruthy();
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});
