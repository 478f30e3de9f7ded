// Where the rest of a list is: the `Link` header with `rel="next"`, which is attacker-controlled.

const maxLength = 8 * 1024;

/** The address of the next page, as written; undefined where this is the last. @see https://www.rfc-editor.org/rfc/rfc8288 */
export function nextLink(header: string | null): string | undefined {
  if (header === null || header.length > maxLength) return undefined;
  for (const [, target, params] of header.matchAll(/<([^<>]*)>([^<>]*)/g)) {
    if (/;\s*rel\s*=\s*"?(?:[^";,]*\s)?next(?:\s[^";,]*)?"?\s*(?:[;,]|$)/i.test(params ?? "")) return target;
  }
  return undefined;
}
