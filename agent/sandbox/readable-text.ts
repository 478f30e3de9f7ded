// Text that a guest or its child has written, made fit for a terminal and a report.

/** Without control characters other than line ends and tabs, and without characters that change how others are shown. */
export function readableText(text: string): string {
  return text.replaceAll(/[^\P{C}\n\t]/gu, "");
}
