// Inputs of every form from real files, pipes and FFmpeg.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSink } from "../../../agent/native/open-sinks.ts";
import { openSource, type SourceSpec } from "../../../agent/native/open-source.ts";
import { wavHeader } from "../../../agent/native/wav-writer.ts";
import { type Frame, payloadKinds } from "../../../agent/node/frame.ts";
import { payloadProblem } from "../../../agent/node/payload-check.ts";
import { openFfmpegDecoder } from "../../../platform/ffmpeg/ffmpeg-decoder.ts";
import { chunked, collect, collectAll, joined, ours, rejection, utf8 } from "./chunked.ts";
import { chunk, fmt, riff } from "./riff.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const never = new AbortController().signal;
const parts = { decoder: openFfmpegDecoder() };
const noDecoder = { decoder: openFfmpegDecoder({ searchPath: "/nowhere" }) };
const spec = (path: string, more: Partial<SourceSpec> = {}): SourceSpec => ({
  path,
  port: "in",
  kinds: payloadKinds,
  ...more,
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sources-"));
  const make = (args: string[]) => {
    const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-y", ...args]);
    if (status !== 0) expect.fail(stderr.toString());
  };
  const tone = ["-f", "lavfi", "-i", "sine=440:r=44100:d=1"];
  make([...tone, at("tone.wav")]);
  make([...tone, "-c:a", "adpcm_ms", at("adpcm.wav")]);
  make([...tone, "-sample_fmt", "s16", at("tone.flac")]);
  make([
    "-f",
    "lavfi",
    "-i",
    "testsrc=d=1:s=65x49:r=25",
    ...tone,
    "-pix_fmt",
    "yuv444p",
    "-c:v",
    "ffv1",
    at("both.mkv"),
  ]);
  make(["-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=25", "-c:v", "mpeg4", at("silent.mp4")]);
  make([...tone, "-c:a", "libmp3lame", at("tone.mp3")]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a source of a WAV", () => {
  it("needs no FFmpeg and knows its duration", async () => {
    const source = await openSource(spec(at("tone.wav")), noDecoder);
    expect(source.durationUs).toBe(1_000_000);
    const frames = await collectAll(source.frames(never));
    expect(frames.length).toBe(50);
    const expected = spawnSync("ffmpeg", ["-v", "error", "-i", at("tone.wav"), "-f", "s16le", "-"]).stdout;
    expect(Buffer.from(joined(frames)).equals(expected)).toBe(true);
  });

  it("has frames of the duration asked for", async () => {
    const source = await openSource(spec(at("tone.wav"), { frameMs: 100, port: "sound" }), noDecoder);
    const frames = await collectAll(source.frames(never));
    expect(frames.map(({ pts }) => pts)).toEqual(Array.from({ length: 10 }, (_, index) => index * 100_000));
    expect(frames[0]!.port).toBe("sound");
    ours(await rejection(openSource(spec(at("tone.wav"), { frameMs: 0 }), parts)), "usage");
  });

  it("of a codec that isn't plain samples goes to FFmpeg", async () => {
    const source = await openSource(spec(at("adpcm.wav")), parts);
    const frames = await collectAll(source.frames(never));
    expect(frames[0]!.payload).toMatchObject({ kind: "audio", rate: 44_100, format: "s16le" });
    ours(await rejection(openSource(spec(at("adpcm.wav")), noDecoder)), "ffmpeg-missing");
  });

  it("that is no WAV, or empty, is refused when it is opened", async () => {
    writeFileSync(at("empty.wav"), "");
    writeFileSync(at("text.wav"), "hello");
    for (const name of ["empty.wav", "text.wav"]) {
      expect(ours(await rejection(openSource(spec(at(name)), parts)), "input-invalid").where?.file).toBe(
        at(name),
      );
    }
  });

  it("that is cut short gives what is there and then breaks", async () => {
    writeFileSync(at("cut.wav"), riff([...fmt(), ...chunk("data", new Uint8Array(1000))]));
    truncateSync(at("cut.wav"), 44 + 500);
    const { items, error } = await collect((await openSource(spec(at("cut.wav")), noDecoder)).frames(never));
    expect(joined(items).length).toBe(500);
    ours(error, "input-broken");
  });

  it("may be a FIFO", async () => {
    spawnSync("mkfifo", [at("pipe.wav")]);
    const writer = spawn("cp", ["--", at("tone.wav"), at("pipe.wav")]);
    const source = await openSource(spec(at("pipe.wav")), noDecoder);
    expect(source.durationUs).toBeUndefined();
    expect(joined(await collectAll(source.frames(never))).length).toBe(88_200);
    writer.kill();
  });
});

describe("a source of a media file", () => {
  it("has sound at the file's own rate, in the layout that loses nothing", async () => {
    for (const [name, format] of [
      ["tone.flac", "s16le"],
      ["tone.mp3", "f32le"],
    ] as const) {
      const source = await openSource(spec(at(name)), parts);
      expect(source.durationUs! / 1e6).toBeCloseTo(1, 0);
      const frames = await collectAll(source.frames(never));
      expect(frames[0]!.payload).toEqual({ kind: "audio", rate: 44_100, channels: 1, format });
      expect(frames.slice(0, 3).map(({ pts }) => pts)).toEqual([0, 20_000, 40_000]);
    }
  });

  it("with sound and pictures gives what the port takes, and sound where it takes both", async () => {
    const kinds = async (taken: SourceSpec["kinds"]) => {
      const source = await openSource(spec(at("both.mkv"), { kinds: taken }), parts);
      return new Set((await collectAll(source.frames(never))).map(({ payload }) => payload.kind));
    };
    expect(await kinds(["video"])).toEqual(new Set(["video"]));
    expect(await kinds(["audio", "video"])).toEqual(new Set(["audio"]));
    const source = await openSource(spec(at("silent.mp4")), parts);
    expect((await collectAll(source.frames(never)))[0]!.payload.kind).toBe("video");
  });

  it("has whole pictures in the layout asked for, also with odd sides", async () => {
    const pictures: Record<string, Frame[]> = {};
    for (const pixels of ["i420", "gray8", "rgb24", "rgba32"] as const) {
      const source = await openSource(spec(at("both.mkv"), { kinds: ["video"], pixels }), parts);
      const frames = await collectAll(source.frames(never));
      expect(frames.map(({ pts }) => pts)).toEqual(Array.from({ length: 25 }, (_, index) => index * 40_000));
      for (const { payload, data } of frames) {
        expect(payload).toEqual({ kind: "video", width: 65, height: 49, format: pixels });
        expect(payloadProblem(payload, data)).toBeUndefined();
      }
      pictures[pixels] = frames;
    }
    const args = ["-v", "error", "-i", at("both.mkv"), "-pix_fmt", "rgb24", "-f", "rawvideo", "-"];
    const expected = spawnSync("ffmpeg", args, { maxBuffer: 1e8 }).stdout;
    expect(Buffer.from(joined(pictures["rgb24"]!)).equals(expected)).toBe(true);
  });

  it("that has nothing the port takes is refused, saying what it has", async () => {
    const silent = await rejection(openSource(spec(at("silent.mp4"), { kinds: ["audio", "json"] }), parts));
    expect(ours(silent, "input-invalid").message).toContain("has video");
    const sound = ours(
      await rejection(openSource(spec(at("tone.wav"), { kinds: ["json"] }), parts)),
      "input-invalid",
    );
    expect(sound.message).toContain("takes json");
  });

  it("that isn't there, may not be, or is no media is refused when it is opened", async () => {
    mkdirSync(at("folder.mp4"));
    writeFileSync(at("text.mp4"), "hello");
    expect(ours(await rejection(openSource(spec(at("no.mp4")), parts)), "input-missing").hint).toBeTruthy();
    ours(await rejection(openSource(spec(at("no.wav")), parts)), "input-missing");
    ours(await rejection(openSource(spec(at("no.json")), parts)), "input-missing");
    ours(await rejection(openSource(spec(at("tone.wav/x.json")), parts)), "input-missing");
    ours(await rejection(openSource(spec(at("folder.mp4")), parts)), "input-invalid");
    ours(await rejection(openSource(spec(at("text.mp4")), parts)), "input-invalid");
    ours(await rejection(openSource(spec(at("tone.flac")), noDecoder)), "ffmpeg-missing");
  });
});

describe("a source of JSON", () => {
  it("is an array's items, or lines, or stdin's lines, under the port's name", async () => {
    writeFileSync(at("a.json"), "[1, 2]");
    writeFileSync(at("a.ndjson"), '1\n{"port":"out","pts":9,"json":2}\n');
    const stdin = () => chunked(utf8("1\n2\n"), [1]);
    for (const [path, times] of [
      [at("a.json"), [0, 1]],
      [at("a.ndjson"), [0, 9]],
      ["-", [0, 1]],
    ] as const) {
      const source = await openSource(spec(path), { ...parts, stdin });
      const frames = await collectAll(source.frames(never));
      expect(frames.map(({ port, pts, data }) => [port, pts, new TextDecoder().decode(data)])).toEqual([
        ["in", times[0], "1"],
        ["in", times[1], "2"],
      ]);
    }
  });

  it("refuses a frame of a kind that the port doesn't take, with its line", async () => {
    writeFileSync(at("kinds.ndjson"), '1\n\n{"port":"out","pts":9,"text":"a"}\n');
    const source = await openSource(spec(at("kinds.ndjson"), { kinds: ["json"] }), parts);
    const { items, error } = await collect(source.frames(never));
    expect(items.length).toBe(1);
    expect(ours(error, "input-invalid").where).toMatchObject({ line: 3, port: "in" });
  });

  it("reads back what an output wrote", async () => {
    const frames: Frame[] = [
      { port: "in", pts: 5, payload: { kind: "json" }, data: utf8('{"a":[1]}') },
      { port: "in", pts: 6, payload: { kind: "text" }, data: utf8("ä\n") },
      {
        port: "in",
        pts: 7,
        payload: { kind: "audio", rate: 8000, channels: 2, format: "s16le" },
        data: new Uint8Array(8),
      },
      {
        port: "in",
        pts: 8,
        payload: { kind: "tensor", element: "uint8", shape: [] },
        data: Uint8Array.of(9),
      },
    ];
    for (const name of ["back.ndjson", "back.json"]) {
      const sink = await openSink({ path: at(name), node: "n", raw: true });
      for (const frame of frames) await sink.write(frame);
      await sink.close();
      const read = await collectAll((await openSource(spec(at(name)), parts)).frames(never));
      expect(read.map((frame) => ({ ...frame, data: [...frame.data] }))).toEqual(
        frames.map((frame) => ({ ...frame, data: [...frame.data] })),
      );
    }
  });
});

describe("this process's stdin", () => {
  it("is read as it comes, and once interrupted keeps the process no longer", () => {
    const module = join(import.meta.dirname, "../../../agent/native/open-source.ts");
    writeFileSync(
      at("program.ts"),
      `import { openSource } from ${JSON.stringify(module)};
       const source = await openSource({ path: "-", port: "in", kinds: ["json"] }, { decoder: undefined as never });
       const stop = new AbortController();
       let count = 0;
       for await (const frame of source.frames(stop.signal)) if (++count === 2) setTimeout(() => stop.abort());
       console.log(count);`,
    );
    const command = `(echo 1; echo 2; sleep 100) | { ${process.execPath} ${at("program.ts")}; kill 0; }`;
    const started = performance.now();
    const { stdout } = spawnSync("setsid", ["--wait", "bash", "-c", command]);
    expect(stdout.toString()).toBe("2\n");
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe("a source that is interrupted", () => {
  it("ends without an error, also within a sample or while it waits", async () => {
    writeFileSync(
      at("long.wav"),
      Buffer.concat([
        wavHeader({ rate: 8000, channels: 1, format: "s16le" }, 10_000_000),
        Buffer.alloc(10_000_000),
      ]),
    );
    async function* silent() {
      yield utf8("1\n2\n");
      await new Promise(() => {});
    }
    for (const path of [at("long.wav"), at("both.mkv"), at("tone.mp3"), "-"]) {
      const stop = new AbortController();
      const source = await openSource(spec(path), { ...parts, stdin: silent });
      let frames = 0;
      for await (const frame of source.frames(stop.signal)) {
        expect(frame.port).toBe("in");
        frames++;
        stop.abort();
      }
      expect(frames, path).toBe(1);
    }
  });

  it("or left early keeps no file open and no process", async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    for (let turn = 0; turn < 5; turn++) {
      for (const path of [at("long.wav"), at("both.mkv")]) {
        const source = await openSource(spec(path), parts);
        for await (const _ of source.frames(never)) break;
      }
    }
    expect(open()).toBeLessThanOrEqual(before + 2);
    const children = spawnSync("ps", ["-o", "comm=", "--ppid", String(process.pid)]).stdout.toString();
    expect(children).not.toContain("ffmpeg");
  });
});
