// Loading a pipeline from files: what lies beside a module, what is refused before anything runs.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadPipeline } from "../../../agent/main/load-pipeline.ts";
import type { LibraryOptions, ModuleLibrary } from "../../../agent/sandbox/prepare/module-library.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { buildReferenceGuest } from "../../conformance/reference-guest.ts";
import { buildGuest } from "../../hostile/guest.ts";
import { someStatement } from "../../support/mesh-members.ts";
import { prepareHere } from "../../support/sandbox.ts";

let folder: string;
let asked: LibraryOptions[];

/** Prepares in this process, and keeps what it was asked for. */
const library: ModuleLibrary = {
  prepare: async (component, options = {}) => {
    asked.push(options);
    options.onMiss?.();
    return prepareHere(component);
  },
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "load-"));
  asked = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Nothing here needs anything of the machine, so it must not be looked at. */
async function refuseToLook(): Promise<never> {
  throw new RemoteMediaError("internal", "the machine was looked at");
}

const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);

function load(manifest: object, onPreparing: (file: string) => void = () => {}) {
  write("manifest.json", JSON.stringify({ version: "v1", ...manifest }));
  return loadPipeline({ path: folder, overrides: [] }, library, onPreparing, refuseToLook);
}

const descriptor = (name: string) =>
  JSON.stringify({ name, version: "1.0.0", summary: name, inputs: { in: { kinds: ["json"] } }, outputs: {} });

describe("a module's descriptor", () => {
  it("is the NAME.node.json beside it, then the folder's node.json, then that of a module without one", async () => {
    for (const name of ["a", "b"]) write(`${name}.wasm`, await buildReferenceGuest("echo"));
    const manifest = {
      modules: { A: { path: "a.wasm" }, B: { path: "b.wasm" } },
      nodes: [
        { id: "a", node_type: "A" },
        { id: "b", node_type: "B" },
      ],
    };
    const names = async () => (await load(manifest)).resolved.nodes.map((node) => node.descriptor.summary);
    expect(await names()).toEqual(["A module without a node.json.", "A module without a node.json."]);
    write("node.json", descriptor("Folder"));
    expect(await names()).toEqual(["Folder", "Folder"]);
    write("a.node.json", descriptor("Own"));
    expect(await names()).toEqual(["Own", "Folder"]);
  });
});

describe("a module", () => {
  const one = (more: object = {}) => ({
    modules: { Echo: { path: "echo.wasm" } },
    nodes: [{ id: "echo", node_type: "Echo", ...more }],
  });

  it("that is not there, or is a folder, is refused with its node", async () => {
    await expect(load(one())).rejects.toMatchObject({ code: "module-missing", where: { node: "echo" } });
    mkdirSync(join(folder, "echo.wasm"));
    await expect(load(one())).rejects.toMatchObject({
      code: "module-missing",
      message: expect.stringContaining("no file"),
    });
  });

  it("that declares more memory than its node may have is refused with both numbers", async () => {
    write("echo.wasm", await buildGuest({ memory: "300" }));
    const limited = load(one({ limits: { max_memory_mb: 16 } }));
    await expect(limited).rejects.toMatchObject({
      code: "module-limit",
      message: expect.stringMatching(/19660800.*16777216/),
    });
    expect((await load(one({ limits: { max_memory_mb: 19 } }))).modules.size).toBe(1);
  });

  it("is told of by its file when it has to be prepared", async () => {
    write("echo.wasm", await buildReferenceGuest("echo"));
    const told: string[] = [];
    await load(one(), (file) => told.push(file));
    expect(told).toEqual([join(folder, "echo.wasm")]);
  });
});

describe("grants", () => {
  const granted = (...grants: (object | undefined)[]) => ({
    modules: { Echo: { path: "echo.wasm" } },
    nodes: grants.map((grant, index) => ({
      id: `n${index}`,
      node_type: "Echo",
      ...(grant && { grants: grant }),
    })),
  });

  it("that no policy allows are refused before a module is looked at", async () => {
    await expect(load(granted({ filesystem: { read: ["models/"] } }))).rejects.toMatchObject({
      code: "grant-denied",
      family: "trust",
    });
    expect(asked).toEqual([]);
  });

  it("of an empty file system are the node's own, not its type's", async () => {
    write("echo.wasm", await buildReferenceGuest("echo"));
    const { modules } = await load(granted({ filesystem: { read: [] } }, undefined, undefined));
    expect(asked.map(({ filesystem }) => filesystem)).toEqual([true, false]);
    expect([...modules.keys()]).toEqual(["Echo+filesystem", "Echo"]);
  });
});

describe("a pipeline for another machine", () => {
  const unfit = { nodes: [{ id: "a", node_type: "PassThrough", host: "upstairs" }] };

  it("is refused here, and taken where it is only packed, with what this machine would have said", async () => {
    const look = async () => someStatement("here");
    write("manifest.json", JSON.stringify({ version: "v1", ...unfit }));
    await expect(
      loadPipeline({ path: folder, overrides: [] }, library, () => {}, look),
    ).rejects.toMatchObject({ code: "placement-impossible" });
    const told: RemoteMediaError[] = [];
    const request = { path: folder, overrides: [], onUnfit: (why: RemoteMediaError) => told.push(why) };
    const { resolved } = await loadPipeline(request, library, () => {}, look);
    expect(resolved.nodes.map(({ id }) => id)).toEqual(["a"]);
    expect(told.map(({ code }) => code)).toEqual(["placement-impossible"]);
  });

  it("is refused for its own mistakes all the same", async () => {
    write("manifest.json", JSON.stringify({ version: "v1", nodes: [{ id: "a", node_type: "Nothing" }] }));
    const request = { path: folder, overrides: [], onUnfit: () => {} };
    await expect(loadPipeline(request, library, () => {}, refuseToLook)).rejects.toMatchObject({
      code: "node-unknown",
    });
  });
});
