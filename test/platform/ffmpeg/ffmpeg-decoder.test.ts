// The adapter on this machine's FFmpeg, and on programs that stand in for a bad one.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openFfmpegDecoder } from "../../../platform/ffmpeg/ffmpeg-decoder.ts";
import { failure } from "../../support/failure.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const never = new AbortController().signal;
const sound = { kind: "audio", samples: "s16le" } as const;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ffmpeg-"));
  const tone = ["-f", "lavfi", "-i", "sine=440:r=8000:d=0.5"];
  const picture = ["-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=30000/1001"];
  ffmpeg([...tone, at("tone.flac")]);
  ffmpeg([...picture, ...tone, "-c:v", "mpeg4", "-c:a", "aac", at("both.mp4")]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function ffmpeg(args: string[]): void {
  const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-y", ...args]);
  if (status !== 0) expect.fail(stderr.toString());
}

/** A program that stands in for FFmpeg's. */
function fake(name: string, script: string): string {
  writeFileSync(at(name), `#!/bin/sh\n${script}\n`);
  chmodSync(at(name), 0o755);
  return at(name);
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

const isRunning = (pidFile: string) => existsSync(`/proc/${readFileSync(pidFile, "utf8").trim()}/exe`);

describe("this machine's FFmpeg", () => {
  it("is named with its version and path", async () => {
    const found = await openFfmpegDecoder().version();
    expect(found.name).toBe("FFmpeg");
    expect(found.version).toMatch(/^\S+$/);
    expect(found.path).toMatch(/^\/.*ffmpeg$/);
  });

  it("that is missing is told with the mend, by every method", async () => {
    const decoder = openFfmpegDecoder({ searchPath: at("nowhere") });
    for (const work of [
      () => decoder.version(),
      () => decoder.probe(at("tone.flac"), never),
      () => drain(decoder.decode(at("tone.flac"), sound, never)),
    ]) {
      const error = await failure(work());
      expect([error.code, error.hint]).toEqual(["ffmpeg-missing", "Install FFmpeg: apt install ffmpeg"]);
    }
  });

  it("that can't be started is missing too", async () => {
    const ffmpegPath = fake("not-a-program", "");
    writeFileSync(ffmpegPath, "#!/no/such/interpreter\n");
    const decoder = openFfmpegDecoder({ ffmpegPath });
    expect((await failure(decoder.version())).code).toBe("ffmpeg-missing");
    expect((await failure(drain(decoder.decode(at("tone.flac"), sound, never)))).code).toBe("ffmpeg-missing");
  });

  it("that is too old is told with its version", async () => {
    const ffmpegPath = fake("old-ffmpeg", "echo 'ffmpeg version 3.4.8-0ubuntu0.2 Copyright (c)'");
    const ffprobePath = fake("old-ffprobe", `echo '{"program_version":{"version":"3.4.8"},"streams":[]}'`);
    const decoder = openFfmpegDecoder({ ffmpegPath, ffprobePath });
    // Each begins when the one before has failed: a rejection that nobody awaits yet would be an error of its own.
    for (const work of [() => decoder.version(), () => decoder.probe(at("tone.flac"), never)]) {
      const error = await failure(work());
      expect(error.code).toBe("ffmpeg-missing");
      expect(error.message).toContain("3.4.8");
    }
  });
});

describe("a file's metadata", () => {
  it("has its streams, its picture rate and its duration", async () => {
    const info = await openFfmpegDecoder().probe(at("both.mp4"), never);
    expect(info.audio).toEqual({ index: 1, codec: "aac", samples: "f32le" });
    expect(info.video).toEqual({
      index: 0,
      codec: "mpeg4",
      frameRate: { numerator: 30_000, denominator: 1001 },
    });
    expect(info.durationUs).toBeGreaterThan(900_000);
    expect(info.durationUs).toBeLessThan(1_200_000);
  });

  it("can't be read of what is no media file", async () => {
    writeFileSync(at("garbage.mp4"), "\u001b[31mgarbage");
    const error = await failure(openFfmpegDecoder().probe(at("garbage.mp4"), never));
    expect(error.code).toBe("input-invalid");
    expect(error.where?.file).toBe(at("garbage.mp4"));
  });

  it("that nobody gives is not waited for longer than the time allowed", async () => {
    const ffprobePath = fake("silent-ffprobe", `echo $$ > ${at("silent.pid")}; exec sleep 100`);
    const decoder = openFfmpegDecoder({ ffprobePath, probeTimeoutMs: 300 });
    expect((await failure(decoder.probe(at("tone.flac"), never))).code).toBe("ffmpeg-failed");
    expect(isRunning(at("silent.pid"))).toBe(false);
  });

  it("that is nonsense reads as no streams", async () => {
    const ffprobePath = fake(
      "lying-ffprobe",
      `echo '{"streams":[7,{"codec_type":"audio","index":"x"}],"format":[]}'`,
    );
    const info = await openFfmpegDecoder({ ffprobePath }).probe(at("tone.flac"), never);
    expect(info).toEqual({ durationUs: undefined, audio: undefined, video: undefined });
  });
});

describe("decoding", () => {
  it("gives a lossless file's samples as they were", async () => {
    const bytes = await drain(openFfmpegDecoder().decode(at("tone.flac"), sound, never));
    const expected = spawnSync("ffmpeg", ["-v", "error", "-i", at("tone.flac"), "-f", "s16le", "-"]).stdout;
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe("RIFF");
    expect(Buffer.from(bytes.subarray(-8000)).equals(expected)).toBe(true);
    expect(expected.length).toBe(8000);
  });

  it("gives pictures in each layout", async () => {
    const frameRate = { numerator: 30_000, denominator: 1001 };
    const [magic, area] = [(bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(0, 2)), 64 * 48];
    for (const [pixels, start, each] of [
      ["i420", "YU", area * 1.5],
      ["gray8", "YU", area],
      ["rgb24", "P7", area * 3],
      ["rgba32", "P7", area * 4],
    ] as const) {
      const bytes = await drain(
        openFfmpegDecoder().decode(at("both.mp4"), { kind: "video", pixels, frameRate }, never),
      );
      expect(magic(bytes)).toBe(start);
      // 30 pictures, each with a header of 6 to 100 bytes.
      expect(bytes.length).toBeGreaterThan(30 * each);
      expect(bytes.length).toBeLessThan(30 * (each + 100) + 200);
    }
  });

  it("takes a file's name as a name, whatever it looks like", async () => {
    mkdirSync(at("http:"));
    const names = [
      "-version.flac",
      "a:b.flac",
      "http:/x.flac",
      "concat:a|b.flac",
      "%03d.flac",
      "$(id) 'q\" \n.flac",
    ];
    const cwd = process.cwd();
    process.chdir(folder);
    try {
      for (const name of names) {
        writeFileSync(at(name), readFileSync(at("tone.flac")));
        expect((await openFfmpegDecoder().probe(name, never)).audio?.codec, name).toBe("flac");
        expect((await drain(openFfmpegDecoder().decode(name, sound, never))).length, name).toBeGreaterThan(
          8000,
        );
      }
    } finally {
      process.chdir(cwd);
    }
  });

  it("reaches no network, whatever a playlist says", async () => {
    let requests = 0;
    const server = Bun.serve({
      port: 0,
      fetch() {
        requests++;
        return new Response(readFileSync(at("tone.flac")));
      },
    });
    try {
      const address = `http://127.0.0.1:${server.port}/a.ts`;
      writeFileSync(
        at("list.m3u8"),
        `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${address}\n#EXT-X-ENDLIST\n`,
      );
      writeFileSync(at("list.ffconcat"), `ffconcat version 1.0\nfile ${address}\n`);
      for (const name of ["list.m3u8", "list.ffconcat"]) {
        await failure(openFfmpegDecoder().probe(at(name), never));
        await failure(drain(openFfmpegDecoder().decode(at(name), sound, never)));
      }
      expect(requests).toBe(0);
      // The server does answer who reaches it.
      expect((await fetch(address)).status).toBe(200);
    } finally {
      await server.stop(true);
    }
  });

  it("of what can't be decoded fails with what FFmpeg says last, harmless to show", async () => {
    const said =
      "printf '[mp4 @ 0x55d0] first\\n\\033[31m\\007evil \\302\\233name%0400d\\n\\n' 7 >&2; exit 3";
    const decoder = openFfmpegDecoder({ ffmpegPath: fake("failing", said) });
    const error = await failure(drain(decoder.decode(at("tone.flac"), sound, never)));
    expect(error.code).toBe("ffmpeg-failed");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(error.message).toContain("evil");
    expect(error.message.length).toBeLessThan(400);
  });

  it("that breaks off gives what there was, and then fails", async () => {
    for (const end of ["exit 1", "kill -9 $$"]) {
      const decoder = openFfmpegDecoder({ ffmpegPath: fake("breaking", `printf abc; echo oh >&2; ${end}`) });
      let got = "";
      const read = async () => {
        for await (const chunk of decoder.decode(at("tone.flac"), sound, never))
          got += new TextDecoder().decode(chunk);
      };
      const error = await failure(read());
      expect([error.code, got]).toEqual(["input-broken", "abc"]);
      expect(error.message).toContain("3 decoded bytes");
    }
  });
});

describe("a decoder that is stopped", () => {
  const endless = (name: string) => fake(name, `echo $$ > ${at(name)}.pid; exec cat /dev/zero`);

  it("by the end of the iteration is gone when that has ended", async () => {
    const decoder = openFfmpegDecoder({ ffmpegPath: endless("left") });
    for await (const chunk of decoder.decode(at("tone.flac"), sound, never)) {
      expect(chunk.length).toBeGreaterThan(0);
      expect(isRunning(at("left.pid"))).toBe(true);
      break;
    }
    expect(isRunning(at("left.pid"))).toBe(false);
  });

  it("by the signal ends without an error and is gone, also while it says nothing", async () => {
    const quiet = fake("quiet", `echo $$ > ${at("quiet.pid")}; printf abc; exec sleep 100`);
    for (const [ffmpegPath, pid] of [
      [endless("aborted"), at("aborted.pid")],
      [quiet, at("quiet.pid")],
    ] as const) {
      const stop = new AbortController();
      for await (const chunk of openFfmpegDecoder({ ffmpegPath }).decode(
        at("tone.flac"),
        sound,
        stop.signal,
      )) {
        expect(chunk.length).toBeGreaterThan(0);
        expect(isRunning(pid)).toBe(true);
        stop.abort();
      }
      expect(isRunning(pid)).toBe(false);
    }
  });

  it("before it began is never started", async () => {
    const decoder = openFfmpegDecoder({ ffmpegPath: endless("unborn") });
    expect((await drain(decoder.decode(at("tone.flac"), sound, AbortSignal.abort()))).length).toBe(0);
    expect(existsSync(at("unborn.pid"))).toBe(false);
  });

  it("by nobody, but not read from, waits", async () => {
    const total = 64 * 1024 * 1024;
    const ffmpegPath = fake("waiting", `echo $$ > ${at("waiting.pid")}; exec head -c ${total} /dev/zero`);
    let got = 0;
    for await (const chunk of openFfmpegDecoder({ ffmpegPath }).decode(at("tone.flac"), sound, never)) {
      if (got === 0) {
        // Time enough to write everything, if anyone took it: head does 64 MiB in some 30 ms.
        await Bun.sleep(300);
        const io = readFileSync(`/proc/${readFileSync(at("waiting.pid"), "utf8").trim()}/io`, "utf8");
        expect(Number(/wchar: (\d+)/.exec(io)![1])).toBeLessThan(4 * 1024 * 1024);
      }
      got += chunk.length;
    }
    expect(got).toBe(total);
  });
});
