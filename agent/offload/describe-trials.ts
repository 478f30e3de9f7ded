// The error of a stage that no place runs: everything that was tried, and why it wasn't.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { LaneSlot } from "./lane-slot.ts";

/** Of one line: each place with the last that was heard of it. */
export function describeTrials(slots: readonly LaneSlot[]): string {
  if (slots.length === 0) return "there is no place that could run it";
  return slots
    .map(({ candidate, lastError, state }) => {
      const why = lastError === undefined ? `is ${state}` : `${lastError.code}: ${lastError.message}`;
      return `${candidate.name} (${why})`;
    })
    .join("; ");
}

/** What `open` throws. A stage that every place refuses for the same fault of its own has that fault; else it is `placement-impossible`, with every
 * place's error among its problems. */
export function openingError(root: string, slots: readonly LaneSlot[]): RemoteMediaError {
  const problems = slots.flatMap(({ lastError }) => lastError ?? []);
  const [first] = problems;
  const isItsOwn = first !== undefined && /^(node|module|manifest)-/.test(first.code);
  if (isItsOwn && problems.every(({ code }) => code === first.code)) return first;
  return new RemoteMediaError("placement-impossible", `no place opened the stage: ${describeTrials(slots)}`, {
    where: { node: root },
    hint: "see `remotemedia peers` for who is there, and `validate --explain` for who may run it",
    problems,
  });
}
