// The bytes of a file or a pipe, until they end or the signal is raised.
import { type FileHandle, open } from "node:fs/promises";
import { RemoteMediaError } from "../../platform/base/error.ts";

const chunkBytes = 256 * 1024;

/** The bytes of a file, a FIFO or a device. Each chunk is new memory. Throws `input-missing` where it can't be opened and
 * `input-broken` where reading fails. */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  const handle = await openInput(path);
  try {
    for (;;) {
      const buffer = new Uint8Array(chunkBytes);
      const { bytesRead } = await readSome(handle, buffer, path);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** The bytes of this process's stdin. Ending the iteration, or the signal, lets go of it: it keeps the process no longer. */
export async function* stdinBytes(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = Bun.stdin.stream().getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Ends the stream when the signal is raised, also while a read is waiting; that read is then left to itself. */
export async function* untilAborted(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<undefined>();
  const stop = () => aborted.resolve(undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    while (!signal.aborted) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    const released = iterator.return?.();
    // A reader that waits for a silent pipe can't be released before the pipe speaks.
    if (signal.aborted) released?.catch(() => {});
    else await released;
  }
}

/** The error for an input that can't be opened, by the system's reason. */
export function unopened(path: string, cause: unknown): RemoteMediaError {
  const code = (cause as NodeJS.ErrnoException).code;
  const reason =
    code === "ENOENT" ? "it isn't there" : code === "EACCES" ? "it may not be read" : (code ?? String(cause));
  return new RemoteMediaError("input-missing", `The input can't be opened: ${reason}.`, {
    where: { file: path },
    hint: "Check the path, and that you may read it.",
    cause,
  });
}

async function openInput(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw unopened(path, cause);
  }
}

async function readSome(handle: FileHandle, buffer: Uint8Array, path: string) {
  try {
    return await handle.read(buffer, 0, buffer.length, null);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new RemoteMediaError("input-broken", `Reading the input failed: ${reason}`, {
      where: { file: path },
      cause,
    });
  }
}
