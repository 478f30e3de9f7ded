// One header of a tar file, read strictly: what two readers could understand differently is refused.
import { printable } from "../../platform/base/printable.ts";
import { invalid } from "./layout-descriptor.ts";

export const tarBlockBytes = 512;

/** What an entry is: a file, a folder, or extended headers (for the next entry, for all). */
export type TarKind = "file" | "folder" | "extended" | "global";

export interface TarHeader {
  /** As written, its prefix in front. */
  readonly path: string;
  readonly kind: TarKind;
  /** Of the data that follows, in bytes; padded to a full block. */
  readonly size: number;
}

/** What we refuse by its name. @see https://www.gnu.org/software/tar/manual/html_node/Standard.html */
const refusedTypes: Readonly<Record<string, string>> = {
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a device",
  "4": "a device",
  "6": "a FIFO",
  "7": "a contiguous file",
  D: "a list of files",
  K: "a long link",
  L: "a long name",
  M: "part of an archive in several volumes",
  S: "a sparse file",
  V: "a label",
};

/** @throws RemoteMediaError `package-invalid` */
export function parseTarHeader(block: Uint8Array, at: number): TarHeader {
  const where = `the tar entry at byte ${at}`;
  if (!hasChecksum(block)) {
    throw invalid(`${where} is broken: its checksum is another; the file is damaged, or no tar`);
  }
  const path = readPath(block, where);
  const kind = readKind(String.fromCharCode(block[156]!), path, where);
  const size = readSize(block.subarray(124, 136), where);
  if (kind === "folder" && size !== 0) throw invalid(`${where}, a folder, has data`);
  return { path, kind, size };
}

function hasChecksum(block: Uint8Array): boolean {
  let sum = 0;
  for (let index = 0; index < tarBlockBytes; index++) {
    sum += index >= 148 && index < 156 ? 0x20 : block[index]!;
  }
  // As all writers write it: of other ways to say the same number nothing but damage is known.
  return latin1(block.subarray(148, 156)) === `${sum.toString(8).padStart(6, "0")}\0 `;
}

/** POSIX has a prefix; GNU and the old format have other things, or nothing, in its place. */
function readPath(block: Uint8Array, where: string): string {
  const magic = latin1(block.subarray(257, 265));
  const name = readText(block.subarray(0, 100), where);
  if (magic === "ustar\x0000") {
    const prefix = readText(block.subarray(345, 500), where);
    return prefix === "" ? name : `${prefix}/${name}`;
  }
  if (magic !== "ustar  \0" && magic !== "\0".repeat(8)) throw invalid(`${where} is of an unknown format`);
  return name;
}

function readKind(type: string, path: string, where: string): TarKind {
  // Before POSIX a slash at the end was all that told a folder.
  if (type === "0" || type === "\0") return path.endsWith("/") ? "folder" : "file";
  if (type === "5") return "folder";
  if (type === "x") return "extended";
  if (type === "g") return "global";
  const name = refusedTypes[type] ?? `of the unknown type ${printable(JSON.stringify(type))}`;
  throw invalid(`${where} ("${printable(path)}") is ${name}; a package has files and folders only`);
}

function readSize(field: Uint8Array, where: string): number {
  if ((field[0]! & 0x80) === 0) return readOctal(field, where);
  // GNU's way with what eleven octal digits can't hold: a big-endian number behind the first bit.
  if (field[0] !== 0x80 || field.subarray(1, 5).some((byte) => byte !== 0))
    throw invalid(`${where} has a wild size`);
  return Number(new DataView(field.buffer, field.byteOffset + 4).getBigUint64(0));
}

/** Digits, then spaces and zeros. */
function readOctal(field: Uint8Array, where: string): number {
  const digits = /^ *([0-7]{1,12})[ \0]*$/.exec(latin1(field))?.[1];
  if (digits === undefined)
    throw invalid(`${where} is broken: a number isn't octal; the file is damaged, or no tar`);
  return Number.parseInt(digits, 8);
}

function readText(field: Uint8Array, where: string): string {
  const end = field.indexOf(0);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(end < 0 ? field : field.subarray(0, end));
  } catch {
    throw invalid(`${where} has a name that isn't UTF-8`);
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
