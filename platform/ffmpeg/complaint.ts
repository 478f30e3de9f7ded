// What FFmpeg says on stderr, made safe to show: it repeats attacker-controlled names and tags.

const maxLength = 300;
// C0, DEL, C1, and the bidirectional marks that can reorder a terminal's line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;
// "[mov,mp4,m4a @ 0x5581] " in front of a message.
const logPrefix = /^(?:\[[^\]]{1,80} @ 0x[0-9a-f]+\] )+/;

/** The last line of `stderr` that says something, without control characters, at most 300 characters; "" when there is none. */
export function lastComplaint(stderr: string): string {
  const lines = stderr.slice(-16_384).split(/\r\n|\r|\n/);
  for (let index = lines.length - 1; index >= 0; index--) {
    const line = lines[index]!.replace(logPrefix, "").replace(unsafe, " ").trim();
    if (line !== "") return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line;
  }
  return "";
}
