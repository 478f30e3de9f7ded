// What the stage knows of a guest instance, whichever way it is entered.
import type { Frame } from "../../node/frame.ts";
import type { LogLevel } from "../records.ts";

/** One instance of one node. Every method runs guest code: the caller has armed the timer.
 * They throw RemoteMediaError with a failure code where the guest refused or lied, and whatever the engine throws on a trap. */
export interface Guest {
  open(params: string): void;
  /** Frames whose `data` may be a view of the guest's memory, valid until `release`. */
  process(frame: Frame): readonly Frame[];
  flush(): readonly Frame[];
  /** Ends the last `process` or `flush`: the guest may free what it returned. */
  release(): void;
  /** Sets the budget of the meter for what comes next. */
  refuel(units: bigint): void;
  /** What is left of it; below zero, the guest was stopped by the meter. */
  fuelLeft(): bigint;
  memoryBytes(): number;
}

/** What a guest may call. */
export interface GuestImports {
  log(level: LogLevel, message: Uint8Array): void;
}

/** An unlimited budget: the counter is signed. */
export const unlimitedFuel = 0x7fff_ffff_ffff_ffffn;
