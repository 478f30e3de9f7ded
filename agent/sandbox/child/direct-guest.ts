// A guest entered by the canonical ABI, without glue: one copy in, none out.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { elementTypes, type Frame, payloadKinds, pixelFormats, sampleFormats } from "../../node/frame.ts";
import { logLevels } from "../records.ts";
import type { PreparedModule, StageNode } from "../stage-spec.ts";
import { fuelExport } from "../wasm/meter.ts";
import type { Guest, GuestImports } from "./guest.ts";
import { FrameLifter } from "./lift-frames.ts";

type CoreFunction = (...parameters: (number | bigint)[]) => number;

/** Cut of a log line in bytes (contract: `log.write`). */
const maxLogBytes = 4096;

const encoder = new TextEncoder();

/** @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md */
export class DirectGuest implements Guest {
  readonly #memory: WebAssembly.Memory;
  readonly #fuel: WebAssembly.Global<"i64">;
  readonly #realloc: CoreFunction;
  readonly #process: CoreFunction;
  readonly #lifter: FrameLifter;
  readonly #ports = new Map<string, Uint8Array>();
  readonly #exports: Bun.WebAssembly.Exports;
  readonly #plan: NonNullable<PreparedModule["plan"]>;
  /** The function that frees the last result, and the result. */
  #pending: readonly [CoreFunction, number] | undefined;

  constructor(
    module: WebAssembly.Module,
    plan: NonNullable<PreparedModule["plan"]>,
    node: StageNode,
    imports: GuestImports,
  ) {
    const bindings: Bun.WebAssembly.Imports = {};
    let isThere = false;
    if (plan.logImport !== undefined) {
      const write = (level: number, pointer: number, length: number) => {
        // A component's imports are bound once its core module is there: wit-component's shim traps like this.
        if (!isThere) throw new RemoteMediaError("node-trap", "its start function calls an import");
        const at = pointer >>> 0;
        const bytes = length >>> 0;
        if (at + bytes > this.#memory.buffer.byteLength)
          throw badOutput("a log line lies outside of its memory");
        imports.log(
          logLevels[level] ?? "info",
          new Uint8Array(this.#memory.buffer, at, Math.min(bytes, maxLogBytes)),
        );
      };
      bindings[plan.logImport.module] = { [plan.logImport.name]: write };
    }
    this.#plan = plan;
    this.#exports = new WebAssembly.Instance(module, bindings).exports;
    isThere = true;
    this.#memory = this.#exports[plan.exports.memory] as WebAssembly.Memory;
    this.#fuel = this.#exports[fuelExport] as WebAssembly.Global<"i64">;
    this.#realloc = this.#function(plan.exports.realloc);
    this.#process = this.#function(plan.exports.process);
    this.#lifter = new FrameLifter(this.#memory, node);
  }

  #function(name: string): CoreFunction {
    return this.#exports[name] as CoreFunction;
  }

  open(params: string): void {
    const text = encoder.encode(params);
    const result = this.#function(this.#plan.exports.open)(this.#copyIn(text, 1), text.length);
    const failure = this.#lifter.liftFailure(result);
    const post = this.#plan.exports.postOpen;
    if (post !== undefined) this.#function(post)(result);
    if (failure !== undefined) throw failure;
  }

  process(frame: Frame): readonly Frame[] {
    let port = this.#ports.get(frame.port);
    if (port === undefined) {
      port = encoder.encode(frame.port);
      this.#ports.set(frame.port, port);
    }
    const portPointer = this.#copyIn(port, 1);
    const payload = frame.payload;
    const kind = payloadKinds.indexOf(payload.kind);
    let first = 0;
    let second = 0;
    let third = 0;
    switch (payload.kind) {
      case "audio":
        first = payload.rate;
        second = payload.channels;
        third = sampleFormats.indexOf(payload.format);
        break;
      case "video":
        first = payload.width;
        second = payload.height;
        third = pixelFormats.indexOf(payload.format);
        break;
      case "tensor":
        first = elementTypes.indexOf(payload.element);
        second = this.#copyIn(new Uint8Array(Uint32Array.from(payload.shape).buffer), 4);
        third = payload.shape.length;
        break;
      case "encoded": {
        const codec = encoder.encode(payload.codec);
        first = this.#copyIn(codec, 1);
        second = codec.length;
        break;
      }
    }
    const data = this.#copyIn(frame.data, 1);
    const pts = BigInt(frame.pts);
    const result = this.#process(
      portPointer,
      port.length,
      pts,
      kind,
      first,
      second,
      third,
      data,
      frame.data.length,
    );
    return this.#lift(result, this.#plan.exports.postProcess);
  }

  flush(): readonly Frame[] {
    return this.#lift(this.#function(this.#plan.exports.flush)(), this.#plan.exports.postFlush);
  }

  #lift(result: number, post: string | undefined): readonly Frame[] {
    this.#pending = post === undefined ? undefined : [this.#function(post), result];
    const lifted = this.#lifter.lift(result);
    if (!(lifted instanceof RemoteMediaError)) return lifted;
    this.release();
    throw lifted;
  }

  release(): void {
    if (this.#pending === undefined) return;
    const [post, result] = this.#pending;
    this.#pending = undefined;
    post(result);
  }

  /** Room in the guest's memory, asked of the guest itself, filled with `bytes`. */
  #copyIn(bytes: Uint8Array, alignment: number): number {
    if (bytes.length === 0) return alignment;
    const pointer = this.#realloc(0, 0, alignment, bytes.length) >>> 0;
    const buffer = this.#memory.buffer;
    if (pointer % alignment !== 0 || pointer + bytes.length > buffer.byteLength) {
      throw badOutput("its cabi_realloc gave memory that it doesn't have");
    }
    new Uint8Array(buffer, pointer, bytes.length).set(bytes);
    return pointer;
  }

  refuel(units: bigint): void {
    this.#fuel.value = units;
  }

  fuelLeft(): bigint {
    return this.#fuel.value;
  }

  memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }
}

function badOutput(what: string): RemoteMediaError {
  return new RemoteMediaError("node-bad-output", what);
}
