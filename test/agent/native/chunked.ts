// Bytes as streams cut at chosen places, and streams as arrays: what the codec tests feed and look at.
import { expect } from "vitest";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ErrorCode } from "../../../platform/base/error-codes.ts";

/** The bytes in chunks of the given sizes, over and over; each chunk is its own memory. */
export async function* chunked(
  bytes: Uint8Array,
  sizes: readonly number[] = [65_536],
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length]!);
    yield bytes.slice(at, at + size);
    at += size;
  }
}

export interface Collected<T> {
  readonly items: T[];
  readonly error: unknown;
}

/** Everything that a stream gives, and what it ended with. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<Collected<T>> {
  const items: T[] = [];
  try {
    for await (const item of stream) items.push(item);
    return { items, error: undefined };
  } catch (error) {
    return { items, error };
  }
}

/** Everything that a stream gives; what it throws is thrown. */
export async function collectAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const { items, error } = await collect(stream);
  if (error !== undefined) throw error;
  return items;
}

/** The bytes of frames, joined. */
export function joined(frames: readonly { readonly data: Uint8Array }[]): Uint8Array {
  return new Uint8Array(Buffer.concat(frames.map(({ data }) => data)));
}

export const utf8 = (text: string) => new TextEncoder().encode(text);

/** Asserts that something is our error with this code, and gives it. */
export function ours(error: unknown, code: ErrorCode): RemoteMediaError {
  expect(error).toBeInstanceOf(RemoteMediaError);
  const known = error as RemoteMediaError;
  expect(known.code, known.message).toBe(code);
  return known;
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("it did not reject"),
    (error: unknown) => error,
  );
}
