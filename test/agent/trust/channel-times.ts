// The times of the tests of channels.

export const dayMs = 24 * 3600 * 1000;
/** When the program of these tests was built. */
export const floorMs = Date.UTC(2030, 0, 1);
export const nowMs = floorMs + 100 * dayMs;
