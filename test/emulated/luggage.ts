// packLuggage: what a virtual machine is given to try the sandbox with: the binary, pipelines, and two programs of the tests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeBlobJson, writeBlobJson } from "../../agent/sandbox/blob-json.ts";
import { buildRecipe, recipes } from "../../scripts/nodes/build-recipes.ts";
import { readGuest } from "../hostile/guest.ts";
import { prepareHere } from "../support/sandbox.ts";
import type { MachineArchitecture } from "./debian-packages.ts";
import type { ArchiveFile } from "./initramfs.ts";

const checkout = join(import.meta.dirname, "../..");

/** Files for `/bin` and `/luggage`; the binaries must have been built. */
export async function packLuggage(architecture: MachineArchitecture): Promise<ArchiveFile[]> {
  const chosen = recipes.filter(({ name }) => name.startsWith("tone-detector"));
  for (const recipe of chosen) await buildRecipe(recipe);
  return [
    { ...copy("bin/remotemedia", `dist/remotemedia-linux-${architecture}`), executable: true },
    { path: "bin/probe", bytes: await compileProbe(architecture), executable: true },
    { path: "luggage/hog.prepared", bytes: await prepareGuest("hog") },
    copy("luggage/calculator/pipeline.json", "examples/calculator/pipeline.json"),
    copy("luggage/calculator/input.json", "examples/calculator/input.json"),
    copy("luggage/speech-gate/pipeline.json", "examples/speech-gate/pipeline.json"),
    copy("luggage/speech-gate/speech.wav", "examples/speech-gate/speech.wav"),
    ...chosen.flatMap(({ name }) => [
      copy(`luggage/${name}.wasm`, `dist/recipes/${name}/${name}.wasm`),
      copy(`luggage/${name}.node.json`, `dist/recipes/${name}/node.json`),
    ]),
    { path: "luggage/recipes.json", bytes: json(recipePipeline) },
    { path: "luggage/looper.wasm", bytes: Uint8Array.from(await readGuest("looper")) },
    { path: "luggage/looper.json", bytes: json(loopingPipeline) },
    { path: "luggage/looper.ndjson", bytes: text(loopingInput) },
  ];
}

/** Generous, since an emulated processor's first call of a function may take a hundred times what it takes elsewhere. */
const patient = { max_execution_ms: 60_000 };

/** The C recipe twice: entered directly, and through jco's glue because it imports WASI. */
const recipePipeline = {
  version: "v1",
  modules: { Direct: { path: "tone-detector.wasm" }, Glue: { path: "tone-detector-stdio.wasm" } },
  nodes: [
    { id: "hand-on", node_type: "PassThrough", limits: patient },
    { id: "direct", node_type: "Direct", limits: patient },
    { id: "glue", node_type: "Glue", limits: patient, grants: { filesystem: { read: [] } } },
  ],
  connections: [
    { from: "hand-on", to: "direct" },
    { from: "hand-on", to: "glue" },
  ],
};

const loopingPipeline = {
  version: "v1",
  modules: { Looper: { path: "looper.wasm" } },
  nodes: [{ id: "node", node_type: "Looper", limits: { max_execution_ms: 250 } }],
  connections: [],
};

/** Every third frame tells the guest to loop: a frame's first byte is the command. */
const loopingInput = [0, 0, 1, 0, 0, 1, 0]
  .map((command, pts) => JSON.stringify({ port: "in", pts, text: String.fromCharCode(command, 65 + pts) }))
  .join("\n");

function copy(path: string, from: string): ArchiveFile {
  return { path, bytes: Uint8Array.from(readFileSync(join(checkout, from))) };
}

const text = (content: string) => new TextEncoder().encode(`${content}\n`);
const json = (value: unknown) => text(JSON.stringify(value));

/** A hostile guest, prepared for direct entry: the probe holds no transpiler. */
async function prepareGuest(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const { module } = await prepareHere(Uint8Array.from(await readGuest(name)));
  const encoded = encodeBlobJson(module);
  const bytes = new Uint8Array(encoded.bytes);
  writeBlobJson(encoded, bytes, 0);
  return bytes;
}

/** `fixtures/probe.ts` as a program of its own. */
async function compileProbe(architecture: MachineArchitecture): Promise<Uint8Array<ArrayBuffer>> {
  const outfile = join(checkout, `.cache/emulated/probe-${architecture}`);
  await Bun.build({
    entrypoints: [join(import.meta.dirname, "fixtures/probe.ts")],
    target: "bun",
    compile: { target: `bun-linux-${architecture}`, outfile, autoloadDotenv: false, autoloadBunfig: false },
  });
  return Uint8Array.from(readFileSync(outfile));
}
