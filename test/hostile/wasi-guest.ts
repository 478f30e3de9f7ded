// buildWasiGuest: the guest of guests/wasi.wat, a component that imports WASI.
import { readFile } from "node:fs/promises";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { componentOf } from "../support/wat.ts";
import { guestText, readGuestParts } from "./guest.ts";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

const imports = `
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random_bytes (param i64 i32)))
  (import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))`;

export async function buildWasiGuest(): Promise<Uint8Array> {
  const wit = (await read("../../nodes/wit/node.wit")) + (await read("wasi.wit"));
  const core = new Uint8Array(await parse(await guestText({ ...(await readGuestParts("wasi")), imports })));
  return componentOf(core, wit, "wasi-guest");
}
