// buildGuest: components of the contract's world out of hostile core modules in text form.
import { readFile } from "node:fs/promises";
import { componentOf, wat } from "../support/wat.ts";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

/** The names that `guests/*.wat` use for what they are given; the first byte of a frame says which attack is wanted. */
const signatures = {
  open: '(func (export "open") (param $params i32) (param $length i32) (result i32)',
  process:
    '(func (export "process") (param $port i32) (param $port_length i32) (param $pts i64) (param $kind i32) (param $a i32) (param $b i32) (param $c i32) (param $data i32) (param $length i32) (result i32)',
  flush: '(func (export "flush") (result i32)',
  post: '(func (export "cabi_post_process") (param $result i32)',
  realloc:
    '(func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)',
} as const;

const nothing = "(call $ok (i32.const 0) (i32.const 0))";
const echo = `
  (call $store_frame (i32.const 32) (local.get $pts) (local.get $kind) (local.get $a) (local.get $b) (local.get $c) (local.get $data) (local.get $length))
  (call $ok (i32.const 32) (i32.const 1))`;
const defaults = {
  open: nothing,
  process: echo,
  flush: nothing,
  post: "(call $free_all)",
  realloc: "(call $alloc (local.get $old) (local.get $old_size) (local.get $align) (local.get $size))",
} as const;

/** Parts of a hostile guest in WAT. What isn't given is an echo. */
export interface GuestParts extends Partial<Record<keyof typeof signatures, string>> {
  /** Module fields: functions, globals, tables. */
  readonly fields?: string;
  /** Fields that must come first: imports. */
  readonly imports?: string;
  /** Limits of the memory; default "1". */
  readonly memory?: string;
}

/** The core module: the reference guests' prelude and the parts. In `process`, `$command` is the frame's first byte. */
export async function guestText(parts: GuestParts): Promise<string> {
  const prelude = (await read("../conformance/guests/prelude.wat"))
    .replace('(export "cabi_realloc")', "")
    .replace('(memory (export "memory") 1)', `(memory (export "memory") ${parts.memory ?? "1"})`);
  const functions = Object.entries(signatures).map(([name, head]) => {
    const body = parts[name as keyof typeof signatures] ?? defaults[name as keyof typeof signatures];
    const command =
      name === "process"
        ? "(local $command i32) (if (local.get $length) (then (local.set $command (i32.load8_u (local.get $data)))))"
        : "";
    return `${head} ${command} ${body})`;
  });
  return `(module ${parts.imports ?? ""} ${prelude} ${parts.fields ?? ""} ${functions.join("\n")})`;
}

export async function buildGuest(parts: GuestParts): Promise<Uint8Array> {
  return componentOf(await wat(await guestText(parts)));
}

/** A guest of `guests/<name>.wat`: fields that hold a function `$attack`, which is given the command and the frame's data
 * and answers the pointer of a result; command 0 is an honest echo. */
export async function readGuest(name: string, parts: GuestParts = {}): Promise<Uint8Array> {
  return buildGuest(await readGuestParts(name, parts));
}

export async function readGuestParts(name: string, parts: GuestParts = {}): Promise<GuestParts> {
  const fields = await read(`guests/${name}.wat`);
  return {
    ...parts,
    fields: `${fields} ${parts.fields ?? ""}`,
    process: `(if (local.get $command) (then
        (return (call $attack (local.get $command) (local.get $pts) (local.get $data) (local.get $length))))) ${echo}`,
  };
}
