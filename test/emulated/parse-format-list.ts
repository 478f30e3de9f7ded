// parseFormatList: what `v4l2-ctl --list-formats-ext` prints.

export interface ListedFormat {
  /** As v4l2-ctl writes it: four characters, `-BE` behind a big-endian one. */
  readonly fourcc: string;
  /** Discrete ones, `WIDTHxHEIGHT`. */
  readonly sizes: readonly {
    readonly size: string;
    /** Frames a second, highest first, with three decimals. */
    readonly fps: readonly number[];
  }[];
}

/** Formats in their order. */
export function parseFormatList(text: string): ListedFormat[] {
  const formats: { fourcc: string; sizes: { size: string; fps: number[] }[] }[] = [];
  for (const line of text.split("\n")) {
    const [, fourcc] = /^\s*\[\d+\]: '(.{4}(?:-BE)?)'/.exec(line) ?? [];
    const [, size] = /^\s*Size: Discrete (\d+x\d+)/.exec(line) ?? [];
    const [, fps] = /^\s*Interval: Discrete .*\((\S+) fps\)/.exec(line) ?? [];
    if (fourcc !== undefined) formats.push({ fourcc, sizes: [] });
    if (size !== undefined) formats.at(-1)?.sizes.push({ size, fps: [] });
    if (fps !== undefined) formats.at(-1)?.sizes.at(-1)?.fps.push(Number(fps));
  }
  for (const { sizes } of formats) for (const { fps } of sizes) fps.sort((a, b) => b - a);
  return formats;
}
