// Merge, by itself: what it gives next, and what it promises of the frames that are still to come.
import { describe, expect, it } from "vitest";
import { Channel, defaultQueueLimits } from "../../../agent/executor/channel.ts";
import { Merge } from "../../../agent/executor/merge.ts";
import { OutputPort } from "../../../agent/executor/output-port.ts";
import { frameAt } from "./graph-fixture.ts";

const asleep = { wake: () => {} };

function channelFrom(node: string): Channel {
  return new Channel({ node, port: undefined, producer: asleep, consumer: asleep }, defaultQueueLimits);
}

describe("what a merge promises", () => {
  it("is the earliest that a channel can still bring", () => {
    const [a, b] = [channelFrom("a"), channelFrom("b")];
    const merge = new Merge([a, b]);
    a.push(frameAt(50), 50);
    b.announce(20);
    expect(merge.take()).toBeUndefined();
    expect(merge.low).toBe(20);
  });

  it("never falls, also when a release lets a frame through before an earlier one", () => {
    const [a, b] = [channelFrom("a"), channelFrom("b")];
    const merge = new Merge([a, b]);
    a.push(frameAt(50), 50);
    b.announce(20);
    expect(merge.release()?.pts).toBe(50);
    expect(merge.low).toBe(50);
    b.push(frameAt(30), 30);
    expect(merge.low).toBe(50);
    // The promise of a holds: nothing below 50. The frame of b goes, and counts as of 50.
    expect(merge.take()?.pts).toBe(30);
    expect([merge.takenKey, merge.reachedKey, merge.low]).toEqual([30, 50, 50]);
    b.push(frameAt(70), 70);
    a.push(frameAt(60), 60);
    expect(merge.take()?.pts).toBe(60);
    expect([merge.takenKey, merge.reachedKey]).toEqual([60, 60]);
  });

  it("is kept by a port whose input was overtaken, and isn't taken for a lag of the node", () => {
    const port = new OutputPort();
    port.hasMergeDownstream = true;
    const channel = channelFrom("a");
    port.channels.push(channel);
    port.announce(50);
    port.emit(frameAt(30), 30, 50);
    expect(channel.headKey).toBe(50);
    expect(channel.watermark).toBe(50);
    port.announce(60);
    expect(channel.watermark).toBe(60);
  });
});

describe("a merge", () => {
  it("tells which node the frame it gave had left", () => {
    const [a, b] = [channelFrom("a"), channelFrom("b")];
    const merge = new Merge([a, b]);
    b.push(frameAt(1), 1);
    a.push(frameAt(2), 2);
    b.push(frameAt(3), 3);
    const nodes = [1, 2].map(() => [merge.take()?.pts, merge.takenNode]);
    expect(nodes).toEqual([
      [1, "b"],
      [2, "a"],
    ]);
  });
});
