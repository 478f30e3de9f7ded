// Writes tar headers that are the same bytes for the same files: POSIX ustar, no times, no owners.
import { maxOctalSize } from "./tar-extension.ts";
import { tarBlockBytes } from "./tar-header.ts";

/** What stands before a file's bytes. A size beyond eight gigabytes is said in an extended header, as POSIX has it. `path` is ASCII and at most 99 characters. */
export function writeTarHeader(path: string, size: number): Uint8Array {
  if (size <= maxOctalSize) return headerBlock(path, size, "0");
  const record = sizeRecord(size);
  const extension = new Uint8Array(2 * tarBlockBytes);
  extension.set(headerBlock(`PaxHeaders/${path.split("/").at(-1)!.slice(0, 64)}`, record.length, "x"));
  extension.set(record, tarBlockBytes);
  return Buffer.concat([extension, headerBlock(path, 0, "0")]);
}

/** The zeros behind a file of this size. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((tarBlockBytes - (size % tarBlockBytes)) % tarBlockBytes);
}

/** What ends a tar. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * tarBlockBytes);
}

function headerBlock(path: string, size: number, type: "0" | "x"): Uint8Array {
  const block = new Uint8Array(tarBlockBytes);
  const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at);
  put(path, 0);
  put("0000644\0", 100);
  put("0000000\0", 108);
  put("0000000\0", 116);
  put(`${size.toString(8).padStart(11, "0")}\0`, 124);
  put("00000000000\0", 136);
  put(" ".repeat(8), 148);
  put(type, 156);
  put("ustar\x0000", 257);
  put("0000000\0", 329);
  put("0000000\0", 337);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** `LENGTH size=N\n`, where the length counts itself. */
function sizeRecord(size: number): Uint8Array {
  const rest = ` size=${size}\n`;
  const guess = rest.length + String(rest.length).length;
  const length = rest.length + String(guess).length;
  return new TextEncoder().encode(`${length}${rest}`);
}
