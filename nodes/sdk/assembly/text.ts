// UTF-8 in memory, from and to AssemblyScript's UTF-16 strings.
import { allocateForCall } from "./memory";

/** Where the last `encode` ended up; its pointer is the return value. */
export let encodedLength: i32 = 0;

/** Writes `text` as UTF-8 into memory of this call. */
export function encode(text: string): usize {
  const length = String.UTF8.byteLength(text);
  encodedLength = length;
  const ptr = allocateForCall(length);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, ptr);
  return ptr;
}

export function decode(ptr: usize, length: i32): string {
  return String.UTF8.decodeUnsafe(ptr, length);
}

/** Whether the UTF-8 bytes are exactly `text`; without allocating when `text` is ASCII. */
export function same(ptr: usize, length: i32, text: string): bool {
  if (length != text.length) return false;
  for (let i = 0; i < length; i++) {
    if (<i32>load<u8>(ptr + i) != text.charCodeAt(i)) return false;
  }
  return true;
}
