// A guest entered through the glue that jco made for it: the reference, and the way for components with WASI imports.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ErrorCode } from "../../../platform/base/error-codes.ts";
import { type Frame, type Payload, payloadKinds } from "../../node/frame.ts";
import { type LogLevel, logLevels } from "../records.ts";
import type { StageNode } from "../stage-spec.ts";
import { fuelExport } from "../wasm/meter.ts";
import { checkOutput } from "./check-output.ts";
import { type Guest, type GuestImports, unlimitedFuel } from "./guest.ts";
import { FrameLifter } from "./lift-frames.ts";
import { VirtualWasi } from "./wasi.ts";

/** A frame as jco's glue passes it: the WIT types by their JavaScript mapping.
 * @see https://bytecodealliance.github.io/jco/wit-type-representations.html */
interface GlueFrame {
  readonly port: string;
  readonly pts: bigint;
  readonly payload: { readonly tag: string; readonly val?: unknown };
  readonly data: Uint8Array;
}

interface GlueExports {
  open(params: string): void;
  process(frame: GlueFrame): readonly GlueFrame[];
  flush(): readonly GlueFrame[];
}

type Instantiate = (
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Record<string, unknown>,
  instantiateCore: (module: WebAssembly.Module, imports: Bun.WebAssembly.Imports) => WebAssembly.Instance,
) => GlueExports;

/** Makes instances of a component whose glue is loaded. */
export type GlueFactory = (
  cores: ReadonlyMap<string, WebAssembly.Module>,
  node: StageNode,
  imports: GuestImports,
) => Guest;

/** Loads glue: our own transpiler wrote it on this machine, the component's author did not. */
export async function loadGlue(glue: Uint8Array): Promise<GlueFactory> {
  const url = URL.createObjectURL(new Blob([glue.slice()], { type: "text/javascript" }));
  try {
    const { instantiate } = (await import(url)) as { instantiate: Instantiate };
    return (cores, node, imports) => new GlueGuest(instantiate, cores, node, imports);
  } finally {
    URL.revokeObjectURL(url);
  }
}

const failureCodes: Record<string, ErrorCode> = {
  "invalid-params": "node-invalid-params",
  "bad-input": "node-bad-input",
  fatal: "node-fatal",
};
const maxMessage = 1024;
const encoder = new TextEncoder();

class GlueGuest implements Guest {
  readonly #node: StageNode;
  readonly #exports: GlueExports;
  readonly #fuels: WebAssembly.Global<"i64">[] = [];
  readonly #memories = new Set<WebAssembly.Memory>();
  readonly #wasi: VirtualWasi;

  constructor(
    instantiate: Instantiate,
    cores: ReadonlyMap<string, WebAssembly.Module>,
    node: StageNode,
    imports: GuestImports,
  ) {
    this.#node = node;
    this.#wasi = new VirtualWasi((level, line) => imports.log(level, line));
    const write = (level: string, message: string) => {
      const known = logLevels.find((name) => name === level) ?? ("info" satisfies LogLevel);
      imports.log(known, encoder.encode(message).subarray(0, 4096));
    };
    this.#exports = instantiate(
      (name) => {
        const core = cores.get(name);
        if (core === undefined) throw new RemoteMediaError("internal", `the glue asks for ${name}`);
        return core;
      },
      { "remotemedia:node/log": { write }, ...this.#wasi.imports() },
      (module, bindings) => this.#instantiateCore(module, bindings),
    );
  }

  #instantiateCore(module: WebAssembly.Module, bindings: Bun.WebAssembly.Imports): WebAssembly.Instance {
    const instance = new WebAssembly.Instance(module, bindings);
    for (const [name, value] of Object.entries(instance.exports)) {
      if (name === fuelExport) this.#fuels.push(value as WebAssembly.Global<"i64">);
      else if (value instanceof WebAssembly.Memory) this.#memories.add(value);
    }
    return { exports: this.#checked(instance.exports) };
  }

  /** The glue forgives much: it cuts what lies outside of memory and replaces what isn't UTF-8. Where the core module has
   * the names that toolchains give, its raw results are checked before the glue lifts them. */
  #checked(exports: Bun.WebAssembly.Exports): Bun.WebAssembly.Exports {
    const { memory } = exports;
    if (!(memory instanceof WebAssembly.Memory)) return exports;
    const lifter = new FrameLifter(memory, this.#node);
    const checked = { ...exports };
    for (const name of ["process", "flush"]) {
      const original = exports[name];
      if (typeof original !== "function") continue;
      checked[name] = (...parameters: unknown[]) => {
        const result: unknown = original(...parameters);
        const lifted = typeof result === "number" ? lifter.lift(result) : undefined;
        // After any other failure than bad input the instance is given up: nothing needs to be freed.
        if (lifted instanceof RemoteMediaError && lifted.code !== "node-bad-input") throw lifted;
        return result;
      };
    }
    return checked;
  }

  open(params: string): void {
    this.#call(() => this.#exports.open(params));
  }

  process(frame: Frame): readonly Frame[] {
    this.#wasi.advance(frame.pts);
    const { port, pts, payload, data } = frame;
    return this.#lift(
      this.#call(() => this.#exports.process({ port, pts: BigInt(pts), payload: toGlue(payload), data })),
    );
  }

  flush(): readonly Frame[] {
    return this.#lift(this.#call(() => this.#exports.flush()));
  }

  /** jco copies what it lifts and has called post-return by then. */
  release(): void {}

  #call<T>(call: () => T): T {
    try {
      return call();
    } catch (thrown) {
      if (thrown instanceof Error && "payload" in thrown) throw toFailure(thrown.payload);
      throw thrown;
    } finally {
      this.#wasi.endCall();
    }
  }

  #lift(frames: readonly GlueFrame[]): readonly Frame[] {
    const { maxFramesOut, maxOutputBytes } = this.#node.limits;
    if (frames.length > maxFramesOut) {
      throw new RemoteMediaError(
        "node-output-limit",
        `${frames.length} frames, ${maxFramesOut} are allowed a call`,
      );
    }
    let total = 0;
    return frames.map(({ port, pts, payload, data }) => {
      total += data.length;
      if (total > maxOutputBytes)
        throw new RemoteMediaError("node-output-limit", `more than ${maxOutputBytes} bytes in one call`);
      const frame = { port, pts: Number(pts), payload: fromGlue(payload), data };
      checkOutput(this.#node, frame);
      return frame;
    });
  }

  refuel(units: bigint): void {
    for (const fuel of this.#fuels) fuel.value = units;
  }

  /** A component's core modules have a tank each; the emptiest one counts. */
  fuelLeft(): bigint {
    let least = unlimitedFuel;
    for (const { value } of this.#fuels) if (value < least) least = value;
    return least;
  }

  memoryBytes(): number {
    let bytes = 0;
    for (const memory of this.#memories) bytes += memory.buffer.byteLength;
    return bytes;
  }
}

function toGlue(payload: Payload): GlueFrame["payload"] {
  switch (payload.kind) {
    case "audio":
      return {
        tag: "audio",
        val: { rate: payload.rate, channels: payload.channels, format: payload.format },
      };
    case "video":
      return { tag: "video", val: { width: payload.width, height: payload.height, format: payload.format } };
    case "tensor":
      return { tag: "tensor", val: { element: payload.element, shape: Uint32Array.from(payload.shape) } };
    case "encoded":
      return { tag: "encoded", val: payload.codec };
    default:
      return { tag: payload.kind };
  }
}

/** The glue has checked enums and records; variants arrive with a tag that it knows. */
function fromGlue({ tag, val }: GlueFrame["payload"]): Payload {
  const kind = payloadKinds.find((known) => known === tag);
  if (kind === undefined) throw new RemoteMediaError("node-bad-output", "a payload variant doesn't exist");
  if (kind === "encoded") return { kind, codec: String(val) };
  if (kind === "tensor") {
    const { element, shape } = val as { element: never; shape: Uint32Array };
    if (shape.length > 32)
      throw new RemoteMediaError("node-bad-output", `a tensor of ${shape.length} dimensions`);
    return { kind, element, shape: [...shape] };
  }
  if (kind === "audio" || kind === "video") return { kind, ...(val as object) } as Payload;
  return { kind };
}

function toFailure(payload: unknown): RemoteMediaError {
  const { tag, val } = (payload ?? {}) as { tag?: string; val?: unknown };
  return new RemoteMediaError(
    failureCodes[tag ?? ""] ?? "node-fatal",
    String(val ?? "").slice(0, maxMessage),
  );
}
