// A table for people: columns as wide as their widest cell.

export interface Column<Row> {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
  text(row: Row): string;
}

/** Lines: the titles, then a line a row; each starts with `indent`. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  indent = "  ",
): string[] {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ text }) => text(row))),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => width(line[at]!))));
  return cells.map((line) => {
    const padded = line.map((cell, at) => {
      const padding = " ".repeat(widths[at]! - width(cell));
      return columns[at]!.right === true ? padding + cell : cell + padding;
    });
    return `${indent}${padded.join("  ")}`.trimEnd();
  });
}

function width(text: string): number {
  return Bun.stringWidth(text);
}
