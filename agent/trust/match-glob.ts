// Globs of a trust policy: which pipelines and repositories a signer may sign for.

/** Longer patterns are refused by the policy's parser, so that matching stays cheap. */
export const maxGlobLength = 256;

/** Whether a name fits a glob. `*` stands for any characters but a slash, `**` for any at all, and the glob `*` by
 * itself for every name; the rest stands for itself. A star that stops at slashes keeps `*.example.org/team` from
 * fitting `evil.test/x.example.org/team`. At most `name` × `glob` steps, whatever is written. */
export function matchGlob(name: string, glob: string): boolean {
  if (glob === "*") return true;
  const parts = glob.match(/\*{2,}|\*|[^*]/gu) ?? [];
  // reached[i]: the characters so far fit the first i parts.
  let reached = spread([true, ...parts.map(() => false)], parts);
  for (const character of name) {
    const next = parts.map((part, index) => {
      if (part === "*") return reached[index + 1]! && character !== "/";
      if (part.startsWith("**")) return reached[index + 1]!;
      return reached[index]! && part === character;
    });
    reached = spread([false, ...next], parts);
  }
  return reached.at(-1)!;
}

/** Stars also stand for nothing. */
function spread(reached: boolean[], parts: readonly string[]): boolean[] {
  parts.forEach((part, index) => {
    if (part.startsWith("*") && reached[index]) reached[index + 1] = true;
  });
  return reached;
}
