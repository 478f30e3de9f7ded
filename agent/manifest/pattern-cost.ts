// How badly a regular expression out of a node.json can run away, from its text alone.

/** `exponent` says how the worst case grows with the text's length n (n, n², n³); `factor` is what it is multiplied by. */
interface PatternCost {
  readonly exponent: number;
  readonly factor: number;
}

const maxPatternLength = 256;
const maxFactor = 256;
const maxExponent = 3;

/** Bounds the backtracking of a pattern that comes from elsewhere. The bound is coarse and errs upward: each open-ended repetition,
 * and a start that isn't anchored, counts as one more n. Gives a reason where no useful bound exists: a repeated group,
 * a look-around, a back reference, more than n³, more than 256 ways through optional parts. */
export function patternCost(pattern: string): PatternCost | { readonly refused: string } {
  if (pattern.length > maxPatternLength) return { refused: `is longer than ${maxPatternLength} characters` };
  try {
    new RegExp(pattern);
  } catch {
    return { refused: "is not a regular expression" };
  }
  return measure(pattern);
}

const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/;
const openEnded = 256;

const atomPattern = /^(?:\\.|\[(?:\\.|[^\]\\])*\]|\(\?[:=!<]*|.)/s;

function measure(pattern: string): PatternCost | { readonly refused: string } {
  let exponent = pattern.startsWith("^") && !hasChoice(pattern) ? 0 : 1;
  let factor = 1;
  const alternatives = [1];
  let at = 0;
  while (at < pattern.length) {
    const atom = atomPattern.exec(pattern.slice(at))![0];
    if (/^\(\?[=!<]/.test(atom)) return { refused: "has a look-around or a named group" };
    if (/^\\[1-9k]/.test(atom)) return { refused: "has a back reference" };
    at += atom.length;
    if (atom.startsWith("(")) alternatives.push(1);
    if (atom === "|") alternatives[alternatives.length - 1]!++;
    if (atom === ")") factor *= alternatives.pop()!;
    const repeat = quantifier.exec(pattern.slice(at))?.[0];
    if (repeat === undefined) continue;
    at += repeat.length;
    if (atom === ")" && !repeat.startsWith("?")) return { refused: "repeats a group" };
    const spread = spreadOf(repeat);
    if (spread >= openEnded) exponent++;
    else factor *= spread;
  }
  factor *= alternatives[0]!;
  if (exponent > maxExponent) return { refused: `has more than ${maxExponent} open-ended repetitions` };
  if (factor > maxFactor) return { refused: `has more than ${maxFactor} ways through its optional parts` };
  return { exponent, factor };
}

/** In how many ways a repetition can end: 1 for an exact count. */
function spreadOf(repeat: string): number {
  if (repeat.startsWith("?")) return 2;
  const counts = /^\{(\d+)(,(\d*))?\}/.exec(repeat);
  if (counts === null) return openEnded;
  const [, least, range, most] = counts;
  if (range === undefined) return 1;
  return most === "" ? openEnded : Math.min(openEnded, Number(most) - Number(least) + 1);
}

/** `^a|b` is anchored on one side only. A choice inside a group counts too: the bound may err upward. */
function hasChoice(pattern: string): boolean {
  return pattern.replace(/\\.|\[(?:\\.|[^\]\\])*\]/gs, "").includes("|");
}
