// One line of printable text out of what a device, a file or a program calls itself: such names are attacker-controlled.

// Controls (Cc), format marks such as bidi overrides, zero-width joiners and tags (Cf), private use (Co), halves of
// surrogate pairs (Cs), unassigned (Cn), and line and paragraph separators (Zl, Zp).
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]+/gu;
// A letter with a tower of marks on it paints over the lines around it.
const tower = /(\p{M}{4})\p{M}+/gu;

/** `text` as one line: what can't be seen, or changes how the rest is seen, becomes a space; spaces are joined and cut off
 * at both ends. At most `maxLength` UTF-16 units, never half a character. Empty where nothing printable is left. */
export function printable(text: string, maxLength = 128): string {
  // Bounds the work as well: nobody needs a megabyte of a name to cut a line out of it.
  const line = text
    .slice(0, maxLength * 8)
    .replace(unprintable, " ")
    .replace(tower, "$1")
    .replace(/[ \u00a0\u2000-\u200a\u202f\u205f\u3000]+/g, " ")
    .trim();
  if (line.length <= maxLength) return line;
  const cut = line.slice(0, maxLength);
  return cut.replace(/[\ud800-\udbff]$/, "").trim();
}
