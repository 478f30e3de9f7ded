// What a registry wants to be shown: the WWW-Authenticate header, which is attacker-controlled.

export interface Challenge {
  /** Lower-case, such as `bearer`. */
  readonly scheme: string;
  /** By lower-case name. */
  readonly params: ReadonlyMap<string, string>;
}

const maxLength = 8 * 1024;
const maxChallenges = 8;

/** The challenges in their order; what can't be read ends the list. Never throws. @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */
export function parseChallenges(header: string | null): readonly Challenge[] {
  if (header === null || header.length > maxLength) return [];
  const challenges: { scheme: string; params: Map<string, string> }[] = [];
  // A word is a parameter where `=` follows it, else the scheme of the next challenge.
  const token = /[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"=]+)))?/y;
  while (challenges.length <= maxChallenges) {
    const match = token.exec(header);
    if (match === null) break;
    const [, word = "", quoted, bare] = match;
    const value = quoted?.replace(/\\(.)/g, "$1") ?? bare;
    if (value === undefined) challenges.push({ scheme: word.toLowerCase(), params: new Map() });
    else challenges.at(-1)?.params.set(word.toLowerCase(), value);
  }
  return challenges.slice(0, maxChallenges);
}
