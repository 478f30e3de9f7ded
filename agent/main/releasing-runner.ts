// A runner that gives back what it was made from when it is closed.
import type { NodeRunner } from "../node/runner.ts";

/** `held` is disposed once, after the runner has closed. */
export function releasing(runner: NodeRunner, held: AsyncDisposable): NodeRunner {
  let released: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await runner.close();
    } finally {
      released ??= held[Symbol.asyncDispose]() as Promise<void>;
      await released;
    }
  };
  return {
    window: runner.window,
    open: () => runner.open(),
    process: (frame) => runner.process(frame),
    flush: () => runner.flush(),
    metrics: () => runner.metrics(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
