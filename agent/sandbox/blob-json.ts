// JSON with byte arrays beside it: how stages and prepared modules are written to a ring and to the cache.

import { RemoteMediaError } from "../../platform/base/error.ts";

/* u32 bytes of JSON, little-endian; the JSON, in which every byte array is {"blob":[offset, bytes]} and every bigint
 * {"bigint":"…"}; the byte arrays, one after the other. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const headBytes = 4;

/** A value whose byte arrays are still where they were. */
export interface BlobJson {
  readonly bytes: number;
  readonly json: Uint8Array;
  readonly blobs: readonly Uint8Array[];
}

export function encodeBlobJson(value: unknown): BlobJson {
  const blobs: Uint8Array[] = [];
  let at = 0;
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return { bigint: String(part) };
    if (!(part instanceof Uint8Array)) return part;
    blobs.push(part);
    at += part.length;
    return { blob: [at - part.length, part.length] };
  });
  const json = encoder.encode(text);
  return { json, blobs, bytes: headBytes + json.length + at };
}

/** Writes `encoded.bytes` bytes at `offset`. */
export function writeBlobJson(encoded: BlobJson, target: Uint8Array, offset: number): void {
  new DataView(target.buffer, target.byteOffset + offset, headBytes).setUint32(0, encoded.json.length, true);
  let at = offset + headBytes;
  for (const part of [encoded.json, ...encoded.blobs]) {
    target.set(part, at);
    at += part.length;
  }
}

/** Reads what `writeBlobJson` wrote. Byte arrays are views of `bytes`. Throws on anything else (`cache-failed`, SyntaxError, RangeError):
 * the shape of what comes out is the caller's to check where the bytes aren't trusted. */
export function readBlobJson(bytes: Uint8Array): unknown {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  const blobs = headBytes + length;
  if (blobs > bytes.length) throw new RemoteMediaError("cache-failed", "the JSON is cut short");
  return JSON.parse(decoder.decode(bytes.slice(headBytes, blobs)), (_key, part) => {
    if (part === null || typeof part !== "object") return part;
    if (typeof part.bigint === "string") return BigInt(part.bigint);
    if (!Array.isArray(part.blob)) return part;
    const [offset, size] = part.blob;
    if (!(offset >= 0 && size >= 0 && blobs + offset + size <= bytes.length))
      throw new RemoteMediaError("cache-failed", "a blob is cut short");
    return bytes.subarray(blobs + offset, blobs + offset + size);
  });
}
