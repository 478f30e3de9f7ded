// When a try is repeated, and after how long.
import { RemoteMediaError } from "../base/error.ts";
import { RegistryRefusal } from "./refusal.ts";

export type Sleep = (ms: number) => Promise<void>;

/** Tries in all, and the most that one wait may take, whatever `Retry-After` says. */
export const maxTries = 5;
const maxWaitMs = 60_000;
const firstWaitMs = 300;

/** Statuses that another try may change. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status <= 504 && status !== 501);
}

/** Whether another try may change what was thrown. */
export function isPassingError(thrown: unknown): boolean {
  if (thrown instanceof RegistryRefusal) return isPassing(thrown.status);
  return thrown instanceof RemoteMediaError && thrown.code === "registry-unreachable";
}

/** The wait before try `attempt + 1` (`attempt` counts from 1): what the registry asks for, else doubling, with chance in it so that many
 * devices don't come back at once. */
export function waitMs(attempt: number, retryAfter: string | null, nowMs: number, chance: number): number {
  const asked = parseRetryAfter(retryAfter, nowMs);
  if (asked !== undefined) return Math.min(asked, maxWaitMs);
  return Math.min(firstWaitMs * 2 ** (attempt - 1) * (0.5 + chance), maxWaitMs);
}

/** Seconds or a date. @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
function parseRetryAfter(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
