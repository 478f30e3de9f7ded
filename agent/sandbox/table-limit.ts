// The bound on a guest's tables.

/** Elements of each table of a module: 128 Ki, 5 MiB of the engine's memory. Compiled languages need a few thousand, a
 * JavaScript engine in WASM 17,000. */
export const maxTableElements = 131_072;
