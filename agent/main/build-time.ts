// Since when this program can't have been built: a clock that stands before it shows no time.

/** Milliseconds since 1970. Boards without a battery begin at 1970, or at the date of their image. */
export const buildMs = Date.UTC(2026, 0, 1);
