// "Did you mean": the nearest known name to one that is not known.
import leven from "leven";

/** The known name nearest to `name`, or undefined when none is near enough to be a slip of the finger
 * (edit distance at most 2, or a third of the name's length, and less than the name has letters; case is ignored). */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const limit = Math.min(Math.max(2, Math.floor(name.length / 3)), name.length - 1);
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const distance = leven(name.toLowerCase(), candidate.toLowerCase(), { maxDistance: bestDistance });
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
