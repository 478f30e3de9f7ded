// ImageSink: which pictures are taken, and what is refused.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { imageSink } from "../../../../agent/native/nodes/image-sink.ts";
import { nodeDescriptorSchema } from "../../../../agent/node/descriptor.ts";
import { ours, rejection } from "../chunked.ts";
import { FakeEncoder } from "./fake-encoder.ts";
import { jsonFrame, pictureFrame, soundFrame } from "./media-frames.ts";
import { testContext } from "./native-context.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "image-sink-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(params: Record<string, unknown>) {
  const encoder = new FakeEncoder();
  const path = join(folder, String(params["path"] ?? "latest.jpg"));
  const sink = await imageSink.openSink!({ ...params, path }, testContext({ encoder }));
  return { sink, encoder };
}

describe("ImageSink", () => {
  it("takes a picture, then none sooner than every_ms after the last one taken", async () => {
    const { sink, encoder } = await open({ every_ms: 100, quality: 70 });
    for (let n = 0; n < 10; n++) await sink.write(pictureFrame("in", 500_000 + n * 40_000));
    await sink.close();
    const { packets } = await encoder.runs[0]!.read();
    expect(packets.map(({ ptsUs }) => ptsUs)).toEqual([0, 120_000, 240_000, 360_000]);
    expect(encoder.runs[0]!.output).toEqual({
      kind: "images",
      path: join(folder, "latest.jpg"),
      quality: 70,
    });
    expect(encoder.runs[0]!.state).toBe("closed");
  });

  it("takes all with every_ms 0, also where the size changes", async () => {
    const { sink, encoder } = await open({ every_ms: 0, path: "shot-%05d.png" });
    await sink.write(pictureFrame("in", 0));
    await sink.write(pictureFrame("in", 1));
    await sink.write(pictureFrame("in", 2, 32, 32));
    await sink.close();
    const runs = await Promise.all(encoder.runs.map((run) => run.read()));
    expect(runs.map(({ packets }) => packets.length)).toEqual([2, 1]);
    expect(encoder.runs.map(({ state }) => state)).toEqual(["closed", "closed"]);
  });

  it("refuses what is no picture", async () => {
    ours(await rejection((await open({})).sink.write(jsonFrame("in"))), "node-bad-input");
    ours(await rejection((await open({})).sink.write(soundFrame("in", 0))), "node-bad-input");
  });

  it.each(["latest.gif", "latest", "no/latest.jpg", "shot-%s.jpg", "shot-%d-%d.jpg"])(
    "refuses the path %s before anything runs",
    async (path) => {
      ours(await rejection(open({ path })), "node-invalid-params");
    },
  );

  it("has a descriptor", () => {
    expect(nodeDescriptorSchema.parse(imageSink.descriptor).name).toBe("ImageSink");
  });
});
