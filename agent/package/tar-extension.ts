// The extended headers of POSIX tar: times and owners are nothing to us, and what could give an entry another meaning must agree with its header.
import { printable } from "../../platform/base/printable.ts";
import { invalid } from "./layout-descriptor.ts";
import type { TarHeader } from "./tar-header.ts";

/** No extended header may be longer, in bytes. */
export const maxExtensionBytes = 64 * 1024;

/** What eleven octal digits hold at most: a larger size is only in the extended header. */
export const maxOctalSize = 8 ** 11 - 1;

/** Keys of links and sparse files, and those by which only some readers take another size or kind. */
const otherFiles = /^(?:linkpath|hdrcharset|SCHILY\.(?:realsize|filetype)|GNU\.sparse\..*)$/s;

export interface TarExtension {
  readonly path?: string;
  readonly size?: number;
}

/** Reads `LENGTH KEY=VALUE\n` records. Each key once. Links, sparse files and other character sets are refused.
 * @throws RemoteMediaError `package-invalid` @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03 */
export function parseTarExtension(bytes: Uint8Array, at: number): TarExtension {
  const where = `the extended tar header at byte ${at}`;
  const values = new Map<string, string>();
  for (let offset = 0; offset < bytes.length; ) {
    const { key, value, end } = readRecord(bytes, offset, where);
    if (values.has(key)) throw invalid(`${where} says "${printable(key)}" twice`);
    values.set(key, value);
    offset = end;
  }
  for (const key of values.keys()) {
    if (otherFiles.test(key)) {
      throw invalid(`${where} has "${printable(key)}": a package has plain files only`);
    }
  }
  const path = values.get("path");
  const size = values.get("size");
  if (size !== undefined && !/^[0-9]{1,15}$/.test(size)) throw invalid(`${where} has a wild size`);
  return { ...(path === undefined ? {} : { path }), ...(size === undefined ? {} : { size: Number(size) }) };
}

function readRecord(bytes: Uint8Array, offset: number, where: string) {
  const space = bytes.indexOf(0x20, offset);
  const digits =
    space < 0 || space - offset > 6 ? "" : Buffer.from(bytes.subarray(offset, space)).toString("latin1");
  const end = offset + Number(digits);
  if (!/^[1-9][0-9]*$/.test(digits) || end > bytes.length || end - 1 <= space || bytes[end - 1] !== 0x0a) {
    throw invalid(`${where} is broken: a record lies about its length`);
  }
  let record: string;
  try {
    record = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bytes.subarray(space + 1, end - 1),
    );
  } catch {
    throw invalid(`${where} isn't UTF-8`);
  }
  const equals = record.indexOf("=");
  if (equals < 1) throw invalid(`${where} is broken: a record has no key`);
  return { key: record.slice(0, equals), value: record.slice(equals + 1), end };
}

/** The header as its extension means it. They must agree: a reader that knows no extensions has to see the same entry. Only of a size
 * that the header can't hold the extension alone speaks; writers then put nothing, the most, or the rest into the header.
 * @throws RemoteMediaError `package-invalid` */
export function extendHeader(header: TarHeader, { path, size }: TarExtension, at: number): TarHeader {
  const where = `the tar entry at byte ${at}`;
  if (path !== undefined && path !== header.path) {
    throw invalid(`${where} is called "${printable(header.path)}" and "${printable(path)}"`);
  }
  if (size === undefined || size === header.size) return header;
  const fillers = [0, maxOctalSize, size % (maxOctalSize + 1)];
  if (size > maxOctalSize && fillers.includes(header.size)) return { ...header, size };
  throw invalid(`${where} is said to have ${header.size} bytes, and ${size}`);
}
