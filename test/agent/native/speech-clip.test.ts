// The example's speech clip holds what its truth says.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readWav } from "../../../agent/native/wav-reader.ts";
import { chunked, collectAll, joined } from "./chunked.ts";

const folder = join(import.meta.dirname, "../../../examples/speech-gate");
const truth = JSON.parse(readFileSync(join(folder, "speech.truth.json"), "utf8")) as {
  rate: number;
  duration_us: number;
  phrases: { text: string; start_us: number; end_us: number }[];
};

it("the speech clip is loud in its phrases and nearly silent elsewhere", async () => {
  expect(statSync(join(folder, "speech.wav")).size).toBeLessThan(400_000);
  const file = readFileSync(join(folder, "speech.wav"));
  const frames = await collectAll(readWav(chunked(file), { port: "in", frameMs: 20 }));
  expect(frames[0]!.payload).toEqual({ kind: "audio", rate: truth.rate, channels: 1, format: "s16le" });
  const samples = new Int16Array(joined(frames).buffer);
  expect(Math.round((samples.length * 1e6) / truth.rate)).toBe(truth.duration_us);
  const rms = (fromUs: number, toUs: number) => {
    const part = samples.subarray(
      Math.ceil((fromUs * truth.rate) / 1e6),
      Math.floor((toUs * truth.rate) / 1e6),
    );
    return Math.sqrt(part.reduce((sum, sample) => sum + sample * sample, 0) / part.length);
  };
  let silentFrom = 0;
  for (const { start_us, end_us } of truth.phrases) {
    expect(rms(silentFrom, start_us)).toBeGreaterThan(1);
    expect(rms(silentFrom, start_us)).toBeLessThan(60);
    expect(rms(start_us, end_us)).toBeGreaterThan(1000);
    silentFrom = end_us + 100;
  }
  expect(rms(silentFrom, truth.duration_us)).toBeLessThan(60);
});

it("the speech clip is what its generator makes", (test) => {
  const version = spawnSync("espeak-ng", ["--version"]).stdout?.toString() ?? "";
  if (!version.includes(" 1.51"))
    test.skip("espeak-ng 1.51 made the clip, and another version may speak otherwise");
  const made = mkdtempSync(join(tmpdir(), "clip-"));
  try {
    expect(spawnSync(process.execPath, [join(folder, "make-clip.ts"), made]).status).toBe(0);
    for (const name of ["speech.wav", "speech.truth.json"]) {
      expect(readFileSync(join(made, name)).equals(readFileSync(join(folder, name))), name).toBe(true);
    }
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
});
