// Slow answers are asked for once: until a device changes, until FFmpeg's file does.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rememberAnswers } from "../../../agent/main/remember-answers.ts";
import type { BlobCache } from "../../../platform/contract/blob-cache.ts";
import type { Answer, Machine } from "../../../platform/contract/machine.ts";

let folder: string;
let ffmpeg: string;
let asked: string[];
let said: Answer<string>;
let kept: Map<string, Uint8Array<ArrayBuffer>>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "remember-"));
  ffmpeg = join(folder, "ffmpeg");
  writeFileSync(ffmpeg, "one");
  asked = [];
  said = { ok: true, value: "codecs" };
  kept = new Map();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cache: BlobCache = {
  get: async (key) => kept.get(key),
  put: async (key, bytes) => {
    kept.set(key, new Uint8Array(bytes));
  },
};

function remembering(path: string | undefined = ffmpeg) {
  const refused = { ok: false, code: "busy", detail: "in use" } as const;
  const machine: Partial<Machine> = {
    run: async (program, args) => {
      asked.push([program, ...args].join(" "));
      return said;
    },
    videoDevice: async (path) => {
      asked.push(path);
      return { ...refused, code: "no-permission" };
    },
    pcmDevice: async (path) => {
      asked.push(path);
      return refused;
    },
  };
  return rememberAnswers(machine as Machine, cache, path);
}

test("asks each program once for the same words", async () => {
  const machine = remembering();
  const both = await Promise.all([machine.run("vainfo", []), machine.run("vainfo", [])]);
  expect(both).toEqual([said, said]);
  await machine.run("vainfo", ["--display"]);
  expect(asked).toEqual(["vainfo", "vainfo --display"]);
});

test("asks those anew whose answers change by themselves", async () => {
  const machine = remembering();
  for (const program of ["nvidia-smi", "vcgencmd", "nvidia-smi"] as const) await machine.run(program, []);
  expect(asked).toEqual(["nvidia-smi", "vcgencmd", "nvidia-smi"]);
});

test("asks devices anew after a change, and busy ones always", async () => {
  const machine = remembering();
  await machine.videoDevice("/dev/video0");
  await machine.videoDevice("/dev/video0");
  await machine.pcmDevice("/dev/snd/pcmC0D0c");
  await machine.pcmDevice("/dev/snd/pcmC0D0c");
  machine.forget();
  await machine.videoDevice("/dev/video0");
  expect(asked).toEqual(["/dev/video0", "/dev/snd/pcmC0D0c", "/dev/snd/pcmC0D0c", "/dev/video0"]);
});

test("keeps FFmpeg's lists for the next process, while its file stays as it is", async () => {
  await remembering().run("ffmpeg", ["-codecs"]);
  expect(await remembering().run("ffmpeg", ["-codecs"])).toEqual(said);
  expect(asked).toEqual(["ffmpeg -codecs"]);
  writeFileSync(ffmpeg, "another");
  await remembering().run("ffmpeg", ["-codecs"]);
  await remembering().run("ffmpeg", ["-hwaccels"]);
  expect(asked).toEqual(["ffmpeg -codecs", "ffmpeg -codecs", "ffmpeg -hwaccels"]);
});

test("keeps nothing of an FFmpeg that failed, or whose file isn't known", async () => {
  await remembering(join(folder, "nowhere")).run("ffmpeg", []);
  said = { ok: false, code: "unreadable", detail: "broken" };
  await remembering().run("ffmpeg", []);
  expect(kept.size).toBe(0);
});
