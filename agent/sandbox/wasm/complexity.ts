// How large and how intricate a core module may be before an engine is shown it.

/** Bounds on what a module makes an engine do and hold while it parses and compiles. Each is several times what the
 * largest module in use needs (a JavaScript engine in WASM: 12 MB, 20,000 functions), and small enough that a module
 * at a bound is compiled in about 100 MB. Larger is `module-too-complex`. */
export const complexityLimits = {
  /** A module is held about three times while it is rewritten and compiled. */
  moduleBytes: 64 * 1024 * 1024,
  /** Each defined function costs an engine some 700 bytes even if it is empty. */
  functions: 50_000,
  /** Each one is a link to be made. */
  imports: 10_000,
  exports: 50_000,
  /** Distinct signatures. */
  types: 20_000,
  /** Values that a signature takes; each is moved at every call. */
  parameters: 1000,
  /** Values that a signature or block gives: each is checked for every target of a branch table, which makes a
   * module of 1 MB validate for seconds when both are large. Compilers give one. */
  results: 32,
  /** Locals of one function after its runs are expanded: engines hold a few dozen bytes for each, and merge
   * them at every block. WASM itself takes 50,000. */
  locals: 10_000,
  /** Blocks inside each other in one function: about 1 KB each while compiling, and recursion in some engines. */
  nesting: 5000,
  /** Targets of one `br_table`: what engines take. */
  branchTableEntries: 65_520,
  /** Targets of all branch tables of a module: about 40 bytes each. */
  branchTableEntriesTotal: 300_000,
  /** Locals times loops of one function: optimising compilers record every local at every loop header. */
  localsTimesLoops: 4_000_000,
  /** One function: the rewriting adds to it, and engines take 7,654,321 bytes. */
  bodyBytes: 6 * 1024 * 1024,
  globals: 50_000,
  tables: 100,
  dataSegments: 100_000,
  elementSegments: 50_000,
  /** Entries of all element segments of a module: a closure each when a table is filled. */
  elementEntries: 1_000_000,
} as const;

/** The same bounds as numbers, for a test or a device that wants others. */
export type ComplexityLimits = { readonly [Key in keyof typeof complexityLimits]: number };

/** Bounds on a component around its core modules. Toolchains emit one level of nesting and a handful of modules. */
export const componentLimits = {
  /** As for a module: the component is held beside its modules' copies. */
  bytes: 64 * 1024 * 1024,
  /** Components inside each other. */
  nesting: 16,
  /** Each is compiled, and metered, by itself. */
  coreModules: 100,
  components: 1000,
  /** Imports or exports of the component, and items of any one of its lists. */
  items: 10_000,
} as const;
