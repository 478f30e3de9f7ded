// Times as a picture in text, and phrases that were found against phrases that were said.

export interface Interval {
  readonly start_us: number;
  readonly end_us: number;
}

export interface Phrase extends Interval {
  readonly text: string;
}

/** Cells of a timeline. */
const cells = 72;

/** `█` where an interval covers at least half of a cell, `░` elsewhere. */
export function drawBars(intervals: readonly Interval[], durationUs: number): string {
  return drawCells(durationUs, (cell) => {
    const covered = intervals.reduce((sum, interval) => sum + overlap(interval, cell), 0);
    return covered * 2 >= cell.end_us - cell.start_us ? "█" : "░";
  });
}

const levelMarks = "▁▂▃▄▅▆▇█";
/** Levels in dBFS at which the lowest and the highest mark stand. */
const quietDb = -60;
const loudDb = -12;

/** The highest level within each cell as a column; a blank where nothing was measured. */
export function drawLevels(
  levels: readonly { readonly at_us: number; readonly db: number }[],
  durationUs: number,
): string {
  return drawCells(durationUs, (cell) => {
    const inside = levels.filter(({ at_us }) => at_us >= cell.start_us && at_us < cell.end_us);
    if (inside.length === 0) return " ";
    const share = (Math.max(...inside.map(({ db }) => db)) - quietDb) / (loudDb - quietDb);
    const mark = Math.floor(share * levelMarks.length);
    return levelMarks[Math.min(Math.max(mark, 0), levelMarks.length - 1)]!;
  });
}

/** Seconds below a timeline: each number begins at its time. */
export function drawScale(durationUs: number): string {
  const stepS = Math.max(1, Math.ceil(durationUs / 1e6 / 12));
  let scale = "";
  for (let second = 0; second * 1e6 < durationUs; second += stepS) {
    const at = Math.round(((second * 1e6) / durationUs) * cells);
    scale = scale.padEnd(at) + (second === 0 ? "0 s" : String(second));
  }
  return scale;
}

export interface PhraseJudgement {
  /** Each phrase with the interval that covers most of it; undefined when less than half was found. */
  readonly phrases: readonly { readonly phrase: Phrase; readonly match: Interval | undefined }[];
  /** Intervals in which nothing was said. */
  readonly extra: readonly Interval[];
  /** How far starts and ends of what was found lie off at most. */
  readonly worstStartUs: number;
  readonly worstEndUs: number;
}

export function judgePhrases(phrases: readonly Phrase[], found: readonly Interval[]): PhraseJudgement {
  const judged = phrases.map((phrase) => {
    const [best] = found.toSorted((a, b) => overlap(phrase, b) - overlap(phrase, a));
    const isFound = best !== undefined && overlap(phrase, best) * 2 >= phrase.end_us - phrase.start_us;
    return { phrase, match: isFound ? best : undefined };
  });
  const off = (side: keyof Interval) =>
    Math.max(0, ...judged.map(({ phrase, match }) => (match ? Math.abs(match[side] - phrase[side]) : 0)));
  return {
    phrases: judged,
    extra: found.filter((interval) => phrases.every((phrase) => overlap(phrase, interval) === 0)),
    worstStartUs: off("start_us"),
    worstEndUs: off("end_us"),
  };
}

function drawCells(durationUs: number, draw: (cell: Interval) => string): string {
  const at = (cell: number) => (cell * durationUs) / cells;
  return Array.from({ length: cells }, (_, cell) => draw({ start_us: at(cell), end_us: at(cell + 1) })).join(
    "",
  );
}

function overlap(a: Interval, b: Interval): number {
  return Math.max(0, Math.min(a.end_us, b.end_us) - Math.max(a.start_us, b.start_us));
}
