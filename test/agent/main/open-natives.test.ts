// Native nodes become the executor's sources and sinks, each told which of its ports the pipeline uses.
import { expect, test } from "vitest";
import { type NativeParts, openNativeParts } from "../../../agent/main/native-parts.ts";
import { openNatives } from "../../../agent/main/open-natives.ts";
import type { Board } from "../../../agent/main/probe-board.ts";
import type { ResolvedNode } from "../../../agent/manifest/resolved.ts";
import type { NativeContext, NativeNodeType } from "../../../agent/native/node-type.ts";
import { anonymousDescriptor } from "../../../agent/node/descriptor.ts";
import type { FrameSink } from "../../../agent/node/runner.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";

const any = { kinds: ["video" as const], required: false };
const source = { ...anonymousDescriptor("Give"), inputs: {}, outputs: { video: any, audio: any } };
const sink = { ...anonymousDescriptor("Keep"), inputs: { video: any, audio: any }, outputs: {} };

const node = (id: string, descriptor: typeof source | typeof sink) =>
  ({ id, type: descriptor.name, params: {}, descriptor, runtime: "native" }) as unknown as ResolvedNode;

function start(types: readonly NativeNodeType[], nodes: readonly ResolvedNode[]) {
  const board = async (): Promise<Board> => {
    throw new RemoteMediaError("internal", "opening a node must not look at the machine");
  };
  const parts: NativeParts & Disposable = openNativeParts(board);
  const clock = { nowUs: () => 0, fromMonotonicUs: Number, fromWallUs: Number, sleep: async () => {} };
  const used = { wanted: new Set(["cam.video"]), connected: new Set(["file.audio"]) };
  const table = new Map(types.map((type) => [type.descriptor.name, type]));
  return openNatives(nodes, table, used, { ...parts, clock, onEvent: () => {} });
}

const noSink: FrameSink = { write: async () => {}, close: async () => {}, abort: async () => {} };

test("each node learns its id and the ports that the pipeline uses", async () => {
  const seen: Pick<NativeContext, "node" | "wanted" | "connected">[] = [];
  const give: NativeNodeType = {
    descriptor: source,
    async openSource(_, { node, wanted, connected }) {
      seen.push({ node, wanted, connected });
      return { frames: async function* () {} };
    },
  };
  const keep: NativeNodeType = {
    descriptor: sink,
    async openSink(_, { node, wanted, connected }) {
      seen.push({ node, wanted, connected });
      return noSink;
    },
  };
  const opened = await start([give, keep], [node("cam", source), node("file", sink)]);
  expect(seen).toEqual([
    { node: "cam", wanted: new Set(["video"]), connected: new Set() },
    { node: "file", wanted: new Set(), connected: new Set(["audio"]) },
  ]);
  expect(opened.sourceNodes.map(({ id, type }) => [id, type])).toEqual([["cam", "Give"]]);
  expect(opened.sinkNodes.map(({ id, inputs }) => [id, inputs])).toEqual([["file", ["video", "audio"]]]);
});

test("a node that can't be opened leaves no sink open", async () => {
  const aborted: string[] = [];
  const keep: NativeNodeType = {
    descriptor: sink,
    async openSink(_, { node }) {
      if (node === "second") throw new RemoteMediaError("node-invalid-params", "no such folder");
      return { ...noSink, abort: async () => void aborted.push(node) };
    },
  };
  await expect(start([keep], [node("first", sink), node("second", sink)])).rejects.toMatchObject({
    code: "node-invalid-params",
  });
  expect(aborted).toEqual(["first"]);
});
