// Core modules for the tests of the passes over them: from numbers, and for the contract's world.
import { ByteWriter } from "../../../../agent/sandbox/wasm/writer.ts";

/** A core module from its sections' payloads. */
export function moduleOf(...sections: readonly (readonly [id: number, payload: Uint8Array])[]): Uint8Array {
  const out = new ByteWriter().bytes(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  for (const [id, payload] of sections) out.u8(id).sized(payload);
  return out.copy();
}

/** A core module for the contract's world that gives no frames. `extra` is put into it. */
export function nodeCore(extra = "", openBody = ""): string {
  return `(module ${extra}
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $top)
      (global.set $top (i32.add (global.get $top) (local.get 3))))
    (func (export "open") (param i32 i32) (result i32) ${openBody} (i32.const 16))
    (func (export "process") (param i32 i32 i64 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
    (func (export "flush") (result i32) (i32.const 16)))`;
}

/** Imports and uses `log.write`. */
export const logImport = `(import "remotemedia:node/log@1.0.0" "write" (func $log (param i32 i32 i32)))`;
/** Frees results. */
export const postReturns = `
  (func (export "cabi_post_open") (param i32))
  (func (export "cabi_post_process") (param i32))
  (func (export "cabi_post_flush") (param i32))`;
