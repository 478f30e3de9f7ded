// A FrameSink over a FrameWriter.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame } from "../node/frame.ts";
import type { FrameSink } from "../node/runner.ts";
import type { FrameWriter } from "./frame-writer.ts";

/** Writes one frame after another, in the order of the calls. `namesNodes`: whether what is written names the node that each
 * frame left. A write that fails aborts the writer, and whatever follows fails the same way. */
export function writerSink(writer: FrameWriter, namesNodes: boolean): FrameSink {
  let last: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;
  let aborted: Promise<void> | undefined;
  let failure: unknown;

  const abort = () => {
    aborted ??= writer.abort();
    return aborted;
  };
  const inTurn = (step: () => Promise<void>): Promise<void> => {
    const turn = last.then(async () => {
      if (failure !== undefined) throw failure;
      if (aborted !== undefined) throw new RemoteMediaError("output-failed", "The output was given up.");
      try {
        await step();
      } catch (error) {
        failure = error;
        await abort();
        throw error;
      }
    });
    last = turn.catch(() => {});
    return turn;
  };

  return {
    write: (frame: Frame, node?: string) => inTurn(() => writer.write(frame, namesNodes ? node : undefined)),
    close(): Promise<void> {
      closed ??= inTurn(() => writer.close());
      return closed;
    },
    abort,
  };
}
