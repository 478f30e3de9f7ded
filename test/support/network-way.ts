// How frames get from one network namespace to another.

/** One direction. */
export interface Way {
  readonly delayMs: number;
  /** At most so much more, by chance; order is kept. */
  readonly jitterMs: number;
  /** Share of packets that are lost, 0 to 1. */
  readonly loss: number;
  readonly isCut: boolean;
}

/** What the bridge is told: ports are places in the list of its devices. */
export interface WayChange {
  readonly from: number;
  readonly to: number;
  readonly way: Partial<Way>;
}
