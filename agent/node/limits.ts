// The limits of one node, and how a stricter party lowers them.

/** What one node may use. All sizes in bytes, times in milliseconds of wall clock. */
export interface NodeLimits {
  readonly maxMemoryBytes: number;
  readonly maxExecutionMs: number;
  /** Units of the deterministic meter a call may burn; undefined is unmetered. */
  readonly maxFuel: bigint | undefined;
  readonly maxOutputBytes: number;
  readonly maxFramesOut: number;
}

export const defaultLimits: NodeLimits = {
  maxMemoryBytes: 256 * 1024 * 1024,
  maxExecutionMs: 5000,
  maxFuel: undefined,
  maxOutputBytes: 64 * 1024 * 1024,
  maxFramesOut: 1024,
};
