// Holds one reading to a deadline: what hangs or throws becomes an answer that says so, and the rest goes on.
import { printable } from "../base/printable.ts";
import type { Answer } from "../contract/machine.ts";

/** What `read` gives, `timed-out` once `limitMs` are over, or `unreadable` where it throws. A late result is dropped. Never rejects. */
export async function withDeadline<T>(limitMs: number, read: () => Promise<T>): Promise<Answer<T>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Answer<T>>((resolve) => {
    const detail = `No answer within ${limitMs} ms.`;
    timer = setTimeout(() => resolve({ ok: false, code: "timed-out", detail }), limitMs);
  });
  try {
    return await Promise.race([attempt(read), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function attempt<T>(read: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    const detail = printable(`Reading it failed: ${error instanceof Error ? error.message : String(error)}`);
    return { ok: false, code: "unreadable", detail };
  }
}
