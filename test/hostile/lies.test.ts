// A guest that lies about its memory, variants, ports and text gets node-bad-output, entered directly and through glue.
import { beforeAll, describe, expect, it } from "vitest";
import type { StageRunner } from "../../agent/sandbox/stage-runner.ts";
import { readGuest } from "./guest.ts";
import { attack, frameOf, openStand } from "./stand.ts";

const stand = openStand();

/** Lies by their command in `guests/liar.wat`, and what is said of them. */
const lies: readonly (readonly [what: string, command: number, words: RegExp])[] = [
  ["a list outside of memory", 1, /list of frames lies outside/],
  ["a misaligned list", 3, /list of frames is not aligned/],
  ["a list that begins in memory and ends outside", 4, /list of frames lies outside/],
  ["a result outside of memory", 5, /result lies outside/],
  ["a misaligned result", 6, /result is not aligned/],
  ["a result that ends outside of memory", 7, /result lies outside/],
  ["a result that is neither ok nor an error", 8, /neither ok nor an error/],
  ["a result at a pointer near 4 GiB", 9, /result lies outside/],
  ["a failure's text outside of memory", 11, /failure's text lies outside/],
  ["a failure's text of 4 GiB", 12, /failure's text lies outside/],
  ["a port that is not declared", 20, /port "nowhere"; its ports: out/],
  ["a port that is not UTF-8", 21, /a frame for port/],
  ["a port's name outside of memory", 22, /port's name lies outside/],
  ["a port's name of 60,000 bytes", 23, /a frame for port/],
  ["a port without a name", 24, /a frame for port ""/],
  ["payload discriminant 200", 30, /payload variant 200/],
  ["sample format 77", 31, /sample format 77/],
  ["pixel format 9", 32, /pixel format 9/],
  ["element type 99", 33, /element type 99/],
  ["a tensor of two thousand million dimensions", 34, /2147483647 dimensions/],
  ["a tensor of 33 dimensions", 35, /33 dimensions/],
  ["a tensor's shape outside of memory", 36, /shape lies outside/],
  ["a misaligned tensor's shape", 37, /shape is not aligned/],
  ["a codec that is not UTF-8", 38, /codec's name is not UTF-8/],
  ["a codec of 66 bytes in 22 characters", 39, /codec name/],
  ["a codec of 60,000 bytes", 40, /codec name/],
  ["a codec outside of memory", 41, /codec's name lies outside/],
  ["text that is not UTF-8", 50, /text that is not UTF-8/],
  ["JSON that is not UTF-8", 51, /json that is not UTF-8/],
  ["a picture with a byte too few", 52, /3 bytes instead of 4/],
  ["a picture of 4 G by 4 G pixels", 53, /a picture of 4294967295x4294967295/],
  ["audio without channels", 54, /audio of 0 channels/],
  ["audio of 0 Hz", 55, /audio of 0 Hz/],
  ["half a sample", 56, /not a multiple of 4/],
  ["a tensor with too few bytes", 57, /a tensor of 4 bytes instead of/],
  ["data that ends outside of memory", 58, /data lies outside/],
  ["data of 4 GiB", 59, /data lies outside/],
  ["the least pts there is", 60, /out of range/],
  ["a pts beyond the safe integers", 61, /out of range/],
  ["data at the end of 4 GiB of 4 GiB", 62, /data lies outside/],
];

describe.each(["direct", "glue"] as const)("a liar that is entered by %s", (entry) => {
  let runner: StageRunner;
  beforeAll(async () => {
    runner = await stand.open(await readGuest("liar"), { entry });
  });

  it.each(lies)("gets node-bad-output for %s", async (_what, command, words) => {
    const failure = await attack(stand, runner, [command], "node-bad-output");
    expect(failure.message).toMatch(words);
  });

  it("may let frames share bytes: each leaves with its own copy", async () => {
    const { emissions, failures } = await runner.process(frameOf([70]));
    expect(failures).toEqual([]);
    expect(emissions.map(({ frame }) => [frame.pts, frame.data.length])).toEqual([
      [1, 8],
      [2, 4],
    ]);
    const [one, other] = emissions.map(({ frame }) => frame.data);
    expect([...other!]).toEqual([...one!.subarray(0, 4)]);
    expect(other!.buffer).not.toBe(one!.buffer);
  });

  it("is over the limit with a list of 4 G frames before it is looked at", async () => {
    expect((await attack(stand, runner, [2], "node-output-limit")).message).toBe(
      "4294967295 frames, 1024 are allowed a call",
    );
  });

  it("gets node-fatal for a kind of failure that doesn't exist", async () => {
    expect((await attack(stand, runner, [10], "node-fatal")).message).toBe("nowhere");
  });
});
