// `--live`: which source node stands in front of which open input.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addLiveInputs } from "../../../agent/main/live-input.ts";
import { applyOverrides } from "../../../agent/manifest/apply-overrides.ts";
import { buildCatalog } from "../../../agent/manifest/catalog.ts";
import { parseManifest } from "../../../agent/manifest/parse-manifest.ts";
import { resolvePipeline } from "../../../agent/manifest/resolve.ts";
import { nativeDescriptors } from "../../../agent/native/native-nodes.ts";
import { anonymousDescriptor, type NodeDescriptor } from "../../../agent/node/descriptor.ts";
import type { PayloadKind } from "../../../agent/node/frame.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";

function taking(name: string, ...kinds: PayloadKind[]): NodeDescriptor {
  return { ...anonymousDescriptor(name), inputs: { in: { kinds, required: true } } };
}

const catalog = buildCatalog(
  [taking("Look", "video"), taking("Hear", "audio"), taking("Read", "text"), taking("Any", "video", "audio")],
  new Map(),
  nativeDescriptors(),
);

/** The manifest of these nodes, given as `id:Type`, without connections. */
function manifestOf(...nodes: string[]) {
  const listed = nodes.map((text) => {
    const [id, node_type] = text.split(":");
    return { id, node_type };
  });
  return parseManifest(JSON.stringify({ version: "v1", nodes: listed, connections: [] }), "p.json");
}

function added(nodes: readonly string[], ...options: string[]) {
  const manifest = addLiveInputs(manifestOf(...nodes), catalog, options);
  return {
    nodes: manifest.nodes.slice(nodes.length).map(({ id, node_type, params }) => ({ id, node_type, params })),
    connections: manifest.connections,
  };
}

function refusal(nodes: readonly string[], ...options: string[]): string {
  try {
    added(nodes, ...options);
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError) return `${thrown.code}: ${thrown.message}; ${thrown.hint}`;
  }
  return "taken";
}

describe("a live source", () => {
  test.each([
    ["camera", "look:Look", "CameraSource", {}, "out"],
    ["camera:usb-1.2", "look:Look", "CameraSource", { device: "usb-1.2" }, "out"],
    ["microphone", "ear:Hear", "AudioSource", {}, "out"],
    ["microphone:hw:CARD=x,DEV=0", "ear:Hear", "AudioSource", { device: "hw:CARD=x,DEV=0" }, "out"],
    ["screen::1", "look:Look", "ScreenSource", { display: ":1" }, "out"],
    ["rtsp://cam/a?b=c", "look:Look", "RtspSource", { url: "rtsp://cam/a?b=c" }, "video"],
    ["rtsps://cam/a", "ear:Hear", "RtspSource", { url: "rtsps://cam/a" }, "audio"],
    ["synthetic", "look:Look", "SyntheticSource", {}, "video"],
    ["synthetic", "ear:Hear", "SyntheticSource", {}, "audio"],
    ["synthetic", "any:Any", "SyntheticSource", {}, "video"],
  ])("%s in front of %s is a %s", (option, node, node_type, params, from_port) => {
    const [id] = node.split(":");
    expect(added([node], option)).toEqual({
      nodes: [{ id: `live-${id}`, node_type, params }],
      connections: [{ from: `live-${id}`, from_port, to: id, to_port: "in" }],
    });
  });

  test("goes to the input that is named where several are open", () => {
    const { nodes } = added(["look:Look", "ear:Hear"], "ear=microphone", "look.in=camera");
    expect(nodes.map(({ id }) => id)).toEqual(["live-ear", "live-look"]);
    expect(refusal(["a:Look", "b:Look"], "camera")).toBe(
      "usage: --live camera doesn't say which input; give --live a.in=camera or --live b.in=camera",
    );
  });

  test("goes to the only input that takes pictures or sound where others are open", () => {
    expect(added(["text:Read", "look:Look"], "camera").connections).toMatchObject([{ to: "look" }]);
  });

  test("takes another name where the manifest has its own", () => {
    expect(added(["look:Look", "live-look:Read"], "look=camera").nodes).toMatchObject([
      { id: "live-look-in" },
    ]);
    expect(refusal(["look:Look", "live-look:Read", "live-look-in:Read"], "look=camera")).toMatch(
      /^usage: --live look=camera: the manifest has a node "live-look" already/,
    );
  });

  test.each([
    ["webcam", "look:Look", "usage: --live webcam names no source; give camera[:DEVICE], "],
    ["synthetic:x", "look:Look", "usage: --live synthetic:x names no source"],
    ["camera", "ear:Hear", "usage: --live camera gives pictures, and ear.in takes audio"],
    ["microphone", "look:Look", "usage: --live microphone gives sound, and look.in takes video"],
    ["read=camera", "read:Read", "usage: --live camera gives pictures or sound, and read.in takes text"],
    ["camera", "read:Read", "usage: --live camera gives pictures or sound, and read.in takes text"],
    ["lok=camera", "look:Look", "usage: lok is not an open end of the pipeline; open are look.in"],
  ])("%s in front of %s is refused", (option, node, message) => {
    expect(refusal([node], option)).toContain(message);
  });

  test("has its params checked, and an error in them is placed at the option", () => {
    const option = `camera:${"x".repeat(5000)}`;
    const manifest = addLiveInputs(manifestOf("look:Look"), catalog, [option]);
    expect(() => resolvePipeline(manifest, catalog)).toThrow(
      expect.objectContaining({
        code: "node-invalid-params",
        where: expect.objectContaining({ path: `--live ${option}` }),
      }),
    );
  });
});

/** Text that looks like an option and isn't, or nearly. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        ..."camera microphone screen synthetic rtsp:// look . in = : live-look __proto__ constructor".split(
          " ",
        ),
        ...'device url \u001b[2J \n \0 \u202e " { } [ -1 1e999 null toString'.split(" "),
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join("")),
);

/** What a run does with options until devices are asked. */
function resolved(live: readonly string[], set: readonly string[]) {
  const manifest = addLiveInputs(manifestOf("look:Look", "ear:Hear"), catalog, live);
  return resolvePipeline(applyOverrides(manifest, set), catalog);
}

function takesOrRefuses(live: readonly string[], set: readonly string[]): void {
  try {
    const { nodes } = resolved(live, set);
    expect(nodes.length).toBe(2 + live.length);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RemoteMediaError);
    expect((thrown as RemoteMediaError).code).toMatch(/^(usage|node-invalid-params|manifest-graph)$/);
  }
}

describe("whatever is given for", () => {
  test("--live is taken or refused as the user's, and pollutes nothing", () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 3 }), (live) => takesOrRefuses(live, [])),
      { numRuns: 2000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test("--set of the source that --live adds is taken or refused as the user's, and pollutes nothing", () => {
    const set = fc.oneof(
      hostile.map((text) => `live-look.${text}`),
      fc.tuple(hostile, hostile).map(([key, value]) => `live-look.${key}=${value}`),
      fc.json({ maxDepth: 3 }).map((value) => `live-look.device=${value}`),
      fc.json({ maxDepth: 3 }).map((value) => `live-look.fps=${value}`),
      fc.json({ maxDepth: 3 }).map((value) => `live-look.constructor.prototype=${value}`),
    );
    fc.assert(
      fc.property(set, (option) => takesOrRefuses(["look=camera", "ear=microphone"], [option])),
      { numRuns: 2000 },
    );
    expect(({} as Record<string, unknown>)["device"]).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
