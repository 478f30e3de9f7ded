// Which of several places gets a call: the better of two at random, by when it would be done there.

/** What is known of a place, in µs. */
export interface LaneLoad {
  /** Calls that are there already. */
  readonly inFlight: number;
  /** From one answer there to the next, smoothed; undefined before the first. */
  readonly paceUs: number | undefined;
  /** The way there and back, smoothed. */
  readonly wireUs: number | undefined;
  /** How long a call waits there by its own account. */
  readonly queueUs: number;
}

/** Power of two choices: nearly as even as asking all, and callers that know the same don't all run to the same place. `random` gives 0 to 1,
 * without 1.
 * @returns undefined when there is none to choose from */
export function chooseLane<Choice extends LaneLoad>(
  choices: readonly Choice[],
  random: () => number,
): Choice | undefined {
  if (choices.length < 2) return choices[0];
  const first = Math.floor(random() * choices.length);
  const other = (first + 1 + Math.floor(random() * (choices.length - 1))) % choices.length;
  const [one, two] = [choices[first]!, choices[other]!];
  return expectedUs(two) < expectedUs(one) ? two : one;
}

/** Until a call that is sent now would be answered. A place without an answer yet counts as quick, behind what it was given: so it gets some to show. */
export function expectedUs({ inFlight, paceUs = 1000, wireUs = 0, queueUs }: LaneLoad): number {
  const ours = inFlight * paceUs;
  return wireUs + paceUs + Math.max(ours, queueUs);
}
