// One finding of the doctor's.

/** `missing`: it isn't there. `warn`: it works, but weaker than it should. */
export interface Check {
  readonly name: string;
  readonly status: "ok" | "warn" | "missing";
  /** Whether `run` can't do without. */
  readonly needed: boolean;
  readonly detail: string;
  /** What to do; undefined where all is well. */
  readonly mend?: string;
}
