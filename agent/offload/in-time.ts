// A promise that is waited for no longer than so long.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Timers } from "../../platform/contract/timers.ts";

/** What `promise` gives, or `peer-unreachable` after `ms`; what it gives later is nobody's. */
export function inTime<T>(promise: Promise<T>, ms: number, timers: Timers, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = timers.after(ms, () =>
      reject(new RemoteMediaError("peer-unreachable", `${what} within ${ms} ms`)),
    );
    promise.then(resolve, reject).finally(stop);
  });
}
