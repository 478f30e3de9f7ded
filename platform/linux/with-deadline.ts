// Holds one reading to a deadline: what hangs or throws becomes an answer that says so, and the rest goes on.
import { printable } from "../base/printable.ts";
import type { Answer } from "../contract/machine.ts";
import { within } from "./within.ts";

/** What `read` gives, `timed-out` once `limitMs` are over, or `unreadable` where it throws. A late result is dropped. Never rejects. */
export function withDeadline<T>(limitMs: number, read: () => Promise<T>): Promise<Answer<T>> {
  const detail = `No answer within ${limitMs} ms`;
  return within<Answer<T>, Answer<T>>(attempt(read), limitMs, { ok: false, code: "timed-out", detail });
}

async function attempt<T>(read: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    const detail = printable(`Reading it failed: ${error instanceof Error ? error.message : String(error)}`);
    return { ok: false, code: "unreadable", detail };
  }
}
