// What text and how much of each thing a statement may have; `describeCapabilities` cuts to it, `parseStatement` holds others to it.

/** The most of each thing that a statement may have. */
export const bounds = {
  nameLength: 128,
  sentenceLength: 512,
  cores: 4096,
  features: 64,
  gpus: 16,
  cameras: 64,
  formats: 256,
  rates: 32,
  sounds: 64,
  soundFormats: 64,
  channels: 10_000,
  rateHz: 100_000_000,
  words: 128,
  nodeTypes: 1024,
  networks: 64,
  absences: 128,
} as const;

/** Control and formatting characters, half surrogates and line separators: what could break or reorder a line. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/u;
const everyUnprintable = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/** Whether a text is one line that shows as it is. */
export function isPrintable(text: string): boolean {
  return !unprintable.test(text);
}

/** One printable line of at most so many characters. */
export function printable(text: string, length: number = bounds.nameLength): string {
  const clean = text
    .slice(0, 4 * length)
    .replaceAll(everyUnprintable, " ")
    .trim();
  return clean.length <= length ? clean : `${clean.slice(0, length - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
