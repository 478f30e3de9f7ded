// Ten minutes of pictures through a peer: memory stays flat at both ends. Here, since it takes as long as the machines do.
import { expect, test } from "vitest";
import { soak } from "../bench/bench-soak.ts";

const minutes = 10;

test("ten minutes of pictures at 30 a second through a peer leave memory flat at both ends", async () => {
  const { frames, callerGrowth, peerGrowth } = await soak(minutes);
  expect(frames).toBeGreaterThan(minutes * 60 * 25);
  // The goal is 5 MiB, which scripts/bench soak measures; a page more or less is no leak.
  expect({ caller: Math.max(0, callerGrowth), peer: Math.max(0, peerGrowth) }).toEqual({
    caller: expect.toSatisfy((grown: number) => grown < 8),
    peer: expect.toSatisfy((grown: number) => grown < 8),
  });
}, 900_000);
