// FFmpeg as the other side of the NUT tests: what it writes, and what it reads out of ours.
import { spawnSync } from "node:child_process";
import { expect } from "vitest";

/** FFmpeg's stdout, given these arguments and this stdin. */
export function ffmpeg(args: readonly string[], input?: Uint8Array): Uint8Array {
  const options = { maxBuffer: 64 * 1024 * 1024, ...(input === undefined ? {} : { input }) };
  const { status, stdout, stderr } = spawnSync("ffmpeg", ["-v", "error", "-y", ...args], options);
  if (status !== 0) expect.fail(String(stderr));
  return new Uint8Array(stdout);
}

/** `input` (FFmpeg's arguments) as NUT, as the capture asks for it. */
export function asNut(...args: readonly string[]): Uint8Array {
  return ffmpeg([...args, "-f", "nut", "-"]);
}

/** What FFmpeg finds in a container: for each packet its stream, its time in ticks of `tickUs` and the MD5 of its data. */
export function framesOf(nut: Uint8Array): { stream: number; ptsUs: number; hash: string }[] {
  const args = ["-copyts", "-i", "-", "-map", "0", "-c", "copy", "-f", "framemd5", "-"];
  const lines = new TextDecoder().decode(ffmpeg(args, nut)).trim().split("\n");
  const bases = new Map<number, number[]>();
  const frames = [];
  for (const line of lines) {
    const base = /^#tb (\d+): (\d+)\/(\d+)/.exec(line);
    if (base !== null) bases.set(Number(base[1]), [Number(base[2]), Number(base[3])]);
    if (line.startsWith("#")) continue;
    const [stream, , pts, , , hash] = line.split(",").map((field) => field.trim());
    const [numerator, denominator] = bases.get(Number(stream))!;
    const ticks = BigInt(pts!) * BigInt(numerator!) * 1_000_000n;
    const half = BigInt(denominator!) / 2n;
    frames.push({
      stream: Number(stream),
      ptsUs: Number((ticks + half) / BigInt(denominator!)),
      hash: hash!,
    });
  }
  return frames;
}
