// The error that some work is expected to fail with.
import { expect } from "vitest";
import { RemoteMediaError } from "../../platform/base/error.ts";

/** Awaits `work`, which must fail with an error of ours, and gives that. */
export async function failure(work: Promise<unknown>): Promise<RemoteMediaError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RemoteMediaError);
  return error as RemoteMediaError;
}
