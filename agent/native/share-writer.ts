// Several FrameSinks over one FrameWriter.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame } from "../node/frame.ts";
import type { FrameSink } from "../node/runner.ts";
import type { FrameWriter } from "./frame-writer.ts";

/** One sink for each entry of `nodes`, which names the sink's node in what is written, or nobody. Their frames are written one
 * after another; the writer is closed with the last sink, and aborted with the first that aborts or fails. */
export function shareWriter(writer: FrameWriter, nodes: readonly (string | undefined)[]): FrameSink[] {
  let last: Promise<unknown> = Promise.resolve();
  let open = nodes.length;
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

  return nodes.map((node) => {
    let closed = false;
    return {
      write: (frame: Frame) => inTurn(() => writer.write(frame, node)),
      async close(): Promise<void> {
        if (closed) return;
        closed = true;
        open--;
        if (open > 0) await last;
        else await inTurn(() => writer.close());
      },
      abort,
    };
  });
}
