// createCoolDown: remembers devices that didn't answer, so that they aren't asked again at every look.
import { statSync } from "node:fs";

export interface CoolDownParts {
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs?: (() => number) | undefined;
  /** Tells the device file at a path from another that takes its place. */
  readonly identify?: ((path: string) => string) | undefined;
}

export interface CoolDown {
  /** Whether the device has hung and its time isn't over; false for another device under the same name. */
  isCooling(path: string): boolean;
  /** It didn't answer: its time begins. Twice as long as the last one where it has answered nothing in between. */
  hasHung(path: string): void;
  hasAnswered(path: string): void;
}

const firstMs = 30_000;
const longestMs = 600_000;
/** More devices than a machine has: the oldest is forgotten. */
const maxPaths = 256;

/** Each time a device hangs costs a child that can't be killed before the driver lets it go: the time is 30 s, and doubles up to 10 min. */
export function createCoolDown({
  nowMs = () => performance.now(),
  identify = identifyFile,
}: CoolDownParts = {}): CoolDown {
  const hung = new Map<string, { identity: string; untilMs: number; lengthMs: number }>();
  /** What is known of the very device that is there now. */
  const find = (path: string) => {
    const known = hung.get(path);
    if (known === undefined || known.identity === identify(path)) return known;
    hung.delete(path);
    return undefined;
  };
  return {
    isCooling: (path) => (find(path)?.untilMs ?? Number.NEGATIVE_INFINITY) > nowMs(),
    hasHung: (path) => {
      const known = find(path);
      const lengthMs = known === undefined ? firstMs : Math.min(known.lengthMs * 2, longestMs);
      hung.delete(path);
      hung.set(path, { identity: identify(path), untilMs: nowMs() + lengthMs, lengthMs });
      if (hung.size > maxPaths) hung.delete(hung.keys().next().value!);
    },
    hasAnswered: (path) => void hung.delete(path),
  };
}

/** A camera that is plugged in again gets a new file under the same name. Looking at a file asks no driver. */
function identifyFile(path: string): string {
  try {
    const { ino, rdev } = statSync(path);
    return `${ino} ${rdev}`;
  } catch {
    return "";
  }
}
