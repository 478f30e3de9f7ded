// Runs something that must throw a RemoteMediaError, and gives it.
import { RemoteMediaError } from "../../../../platform/base/error.ts";

export function refusal(run: () => unknown): RemoteMediaError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError) return thrown;
    throw thrown;
  }
  throw new Error("it was accepted");
}
