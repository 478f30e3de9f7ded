// Scheduler: runs the stations that have something to do, and knows when nothing can happen any more.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { Fifo } from "./fifo.ts";

/** A place that frames pass: a source, a unit or a sink. */
export interface Station {
  /** The scheduler's mark; nobody else writes it. */
  isQueued: boolean;
  /** Whether it has passed on everything it ever will. */
  readonly isFinished: boolean;
  /** The key of the earliest frame that waits to be merged here; undefined when none does. */
  readonly waitingKey: number | undefined;
  /** Does all that can be done without waiting. */
  pump(): void;
  /** Takes the earliest waiting frame although an earlier one might still come. */
  release(): void;
}

export interface SchedulerEvents {
  /** Every station is finished. */
  onFinished(): void;
  /** A station threw: a defect, or a broken promise of a runner. */
  onDefect(thrown: unknown): void;
}

/** Runs in bursts: a burst goes on until no station is awake. When then nothing is under way outside either (no call, no
 * read, no write), every station waits for another, in a circle: the earliest frame that waits in any merge is let through. */
export class Scheduler {
  readonly #events: SchedulerEvents;
  readonly #awake = new Fifo<Station>();
  #stations: readonly Station[] = [];
  #underWay = 0;
  #isRunning = false;
  #isStopped = false;

  constructor(events: SchedulerEvents) {
    this.#events = events;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Names all stations and wakes them. Whatever runs a burst before this must be bracketed by `begin`. */
  start(stations: readonly Station[]): void {
    this.#stations = stations;
    for (const station of stations) this.wake(station);
  }

  /** Nothing is pumped any more. */
  stop(): void {
    this.#isStopped = true;
    this.#awake.clear();
  }

  /** Has the station pumped in this burst, or in the next one. */
  wake(station: Station): void {
    if (station.isQueued || this.#isStopped) return;
    station.isQueued = true;
    this.#awake.push(station);
  }

  /** Something that will end by itself was started outside: a call, a read, a write. */
  begin(): void {
    this.#underWay++;
  }

  /** It has ended, and what came of it is in place. */
  end(): void {
    this.#underWay--;
    this.run();
  }

  run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      do this.#pumpAwake();
      while (!this.#isStopped && this.#underWay === 0 && this.#releaseEarliest());
    } catch (thrown) {
      this.stop();
      this.#events.onDefect(thrown);
    } finally {
      this.#isRunning = false;
    }
  }

  #pumpAwake(): void {
    for (let station = this.#awake.shift(); station !== undefined; station = this.#awake.shift()) {
      station.isQueued = false;
      station.pump();
    }
  }

  /** Whether a frame was let through. */
  #releaseEarliest(): boolean {
    let earliest: Station | undefined;
    let key = Number.POSITIVE_INFINITY;
    for (const station of this.#stations) {
      if (station.waitingKey !== undefined && station.waitingKey < key) {
        earliest = station;
        key = station.waitingKey;
      }
    }
    if (earliest !== undefined) {
      earliest.release();
      return true;
    }
    if (!this.#stations.every((station) => station.isFinished)) {
      throw new RemoteMediaError("internal", "the graph stands still and no frame waits");
    }
    this.stop();
    this.#events.onFinished();
    return false;
  }
}
