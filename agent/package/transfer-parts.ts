// Moves the parts of a package, a few at a time: the first failure stops the others and says which part it was.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { TransferOutcome, TransferPart, TransferProgress, TransferredPart } from "./transfer-report.ts";

export interface TransferOptions {
  /** How many parts move at once (default 3). */
  readonly concurrency?: number | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

export interface MovedPart {
  readonly outcome: TransferOutcome;
  /** Bytes that travelled, where these aren't the whole part. */
  readonly movedBytes?: number;
}

/** `tell` is to be told the bytes of the part that are there so far; `signal` aborts when another part has failed. */
export type MovePart = (
  part: TransferPart,
  tell: (bytes: number) => void,
  signal: AbortSignal,
) => Promise<MovedPart>;

/** What became of each, in their order. @throws RemoteMediaError the first failure, naming its part, once nothing moves any more */
export async function transferParts(
  parts: readonly TransferPart[],
  move: MovePart,
  { concurrency = 3, onProgress }: TransferOptions = {},
): Promise<readonly TransferredPart[]> {
  const totalBytes = parts.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  const done = new Array<number>(parts.length).fill(0);
  const moved: TransferredPart[] = [];
  const stop = new AbortController();
  let doneBytes = 0;
  let next = 0;
  const tell = (index: number, bytes: number) => {
    doneBytes += bytes - done[index]!;
    done[index] = bytes;
    onProgress?.({ doneBytes, totalBytes, part: parts[index]!.part });
  };
  const work = async () => {
    while (next < parts.length && !stop.signal.aborted) {
      const index = next++;
      const part = parts[index]!;
      try {
        const end = await move(part, (bytes) => tell(index, bytes), stop.signal);
        moved[index] = describe(part, end);
        tell(index, part.descriptor.size);
      } catch (thrown) {
        if (!stop.signal.aborted) stop.abort(namePart(thrown, part));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, work));
  stop.signal.throwIfAborted();
  return moved;
}

/** The same failure, saying which part of the package it is about. */
export function namePart(thrown: unknown, { part, descriptor }: TransferPart): RemoteMediaError {
  const error = toRemoteMediaError(thrown);
  return new RemoteMediaError(error.code, `${part}: ${error.message}`, {
    where: { ...error.where, digest: descriptor.digest },
    cause: thrown,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

function describe({ part, role, descriptor }: TransferPart, end: MovedPart): TransferredPart {
  const { digest, size } = descriptor;
  const movedBytes = end.outcome === "moved" ? (end.movedBytes ?? size) : 0;
  return { part, role, digest, size, outcome: end.outcome, movedBytes };
}
