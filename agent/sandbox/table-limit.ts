// The bound on a guest's tables.

/** Elements of each table of a module: 1 Mi, 8 MiB of the engine's memory. Compiled languages need a few thousand. */
export const maxTableElements = 1_048_576;
