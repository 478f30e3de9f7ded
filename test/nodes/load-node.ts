// Loads a built component in this process through jco's glue: what the node tests run nodes with.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { $init, generate } from "@bytecodealliance/jco-transpile/component";
import type { Frame, Payload } from "../../agent/node/frame.ts";

const root = join(import.meta.dirname, "../..");

/** What a node's `failure` becomes. */
export class NodeRefusal extends Error {
  readonly kind: "invalid-params" | "bad-input" | "fatal";

  constructor(kind: NodeRefusal["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** One instance of a node. Failures are thrown as NodeRefusal, traps as whatever the engine throws. */
export interface LoadedNode {
  open(params?: object): void;
  process(frame: Frame): Frame[];
  flush(): Frame[];
  /** The lines it logged, as `level: text`. */
  readonly log: string[];
  /** Its linear memory now. */
  memoryBytes(): number;
}

interface GuestFrame {
  port: string;
  pts: bigint;
  payload: { tag: string; val?: unknown };
  data: Uint8Array;
}

interface Guest {
  open(params: string): void;
  process(frame: GuestFrame): GuestFrame[];
  flush(): GuestFrame[];
}

type Instantiate = (
  getCore: (path: string) => WebAssembly.Module,
  imports: object,
  instantiateCore: (module: WebAssembly.Module, imports: object) => WebAssembly.Instance,
) => Guest;

const loaded = new Map<string, Promise<() => LoadedNode>>();

/** Builds what is stale, then gives a function that makes fresh instances of the node type; once a type and test file. */
export function loadNode(type: string, folder = "dist/nodes"): Promise<() => LoadedNode> {
  const key = `${folder}/${type}`;
  const known = loaded.get(key) ?? buildAndLoad(type, folder);
  loaded.set(key, known);
  return known;
}

async function buildAndLoad(type: string, folder: string): Promise<() => LoadedNode> {
  const flags = folder.endsWith("no-simd") ? ["--no-simd"] : [];
  const built = spawnSync(process.execPath, ["scripts/build-nodes.ts", "--quiet", ...flags, type], {
    cwd: root,
  });
  if (built.status !== 0) throw new Error(String(built.stderr));
  return loadComponent(readFileSync(join(root, folder, `${type}.wasm`)));
}

/** The same from a component's bytes; `extraImports` are what it needs besides the log. */
export async function loadComponent(bytes: Uint8Array, extraImports: object = {}): Promise<() => LoadedNode> {
  await $init;
  const { files } = generate(bytes, { name: "node", noTypescript: true, instantiation: { tag: "sync" } });
  const source = files.find(([name]) => name.endsWith(".js"));
  if (source === undefined) throw new Error("no glue");
  const { instantiate } = await importGlue(source[1]);
  const cores = new Map(
    files
      .filter(([name]) => name.endsWith(".wasm"))
      .map(([name, core]) => [name, new WebAssembly.Module(core as Uint8Array<ArrayBuffer>)]),
  );
  return () => instance(instantiate, cores, extraImports);
}

/** By way of a file: the test runner can't follow a blob's address. */
async function importGlue(source: Uint8Array): Promise<{ instantiate: Instantiate }> {
  const folder = mkdtempSync(join(tmpdir(), "remotemedia-glue-"));
  try {
    writeFileSync(join(folder, "glue.mjs"), source);
    return await import(/* @vite-ignore */ pathToFileURL(join(folder, "glue.mjs")).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function instance(
  instantiate: Instantiate,
  cores: ReadonlyMap<string, WebAssembly.Module>,
  extraImports: object,
): LoadedNode {
  const log: string[] = [];
  const memories: WebAssembly.Memory[] = [];
  const imports = {
    "remotemedia:node/log": { write: (level: string, text: string) => log.push(`${level}: ${text}`) },
    ...extraImports,
  };
  const guest = instantiate(
    (path) => cores.get(path)!,
    imports,
    (module, coreImports) => {
      const core = new WebAssembly.Instance(
        module,
        coreImports as ConstructorParameters<typeof WebAssembly.Instance>[1],
      );
      if (core.exports["memory"] instanceof WebAssembly.Memory) memories.push(core.exports["memory"]);
      return core;
    },
  );
  return {
    log,
    memoryBytes: () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
    open: (params = {}) => translate(() => guest.open(JSON.stringify(params))),
    process: (frame) => translate(() => guest.process(toGuest(frame)).map(fromGuest)),
    flush: () => translate(() => guest.flush().map(fromGuest)),
  };
}

function translate<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    const failure = (thrown as { payload?: { tag: NodeRefusal["kind"]; val: string } }).payload;
    if (failure?.tag === undefined) throw thrown;
    throw new NodeRefusal(failure.tag, failure.val);
  }
}

function toGuest({ port, pts, payload, data }: Frame): GuestFrame {
  return { port, pts: BigInt(pts), data, payload: guestPayload(payload) };
}

function guestPayload(payload: Payload): GuestFrame["payload"] {
  switch (payload.kind) {
    case "tensor":
      return { tag: "tensor", val: { element: payload.element, shape: Uint32Array.from(payload.shape) } };
    case "encoded":
      return { tag: "encoded", val: payload.codec };
    case "audio":
    case "video": {
      const { kind, ...val } = payload;
      return { tag: kind, val };
    }
    default:
      return { tag: payload.kind };
  }
}

function fromGuest({ port, pts, payload, data }: GuestFrame): Frame {
  const { tag, val } = payload;
  const read = (): Payload => {
    if (tag === "encoded") return { kind: tag, codec: val as string };
    if (tag !== "tensor") return { kind: tag, ...(val as object) } as Payload;
    const { element, shape } = val as { element: "float32"; shape: ArrayLike<number> };
    return { kind: tag, element, shape: Array.from(shape) };
  };
  return { port, pts: Number(pts), payload: read(), data: data.slice() };
}
