// SessionClock: the times of one capture session on the clock of the run. Pure: arrivals come in as data.
import type { CaptureTimes } from "../../../platform/contract/media-capture.ts";
import type { PipelineClock } from "../node-type.ts";

/** From here on the wall clock has been set, not slewed. */
const stepUs = 500_000;
/** For so long the stream's least delay is looked for. */
const settlingUs = 1_000_000;
/** Nothing is captured after it arrived; clocks are coarse, and a wall clock's offset may be kept for half a second's slewing. */
const aheadUs = 1_000_000;
/** No camera holds a picture longer than this. */
const behindUs = 10_000_000;
/** Where there is reason to doubt, a time must lie so near to its arrival. */
const doubtedBehindUs = 1_000_000;

type Clocks = Pick<PipelineClock, "fromMonotonicUs" | "fromWallUs">;

/** `monotonic` times are exact. `wall` times keep the offset that held when the session began, so that slewing doesn't show, until the wall
 * clock is set. `stream` times have a start of their own: the frame that came with the least delay during the first second counts as
 * captured on arrival. A time that can't be is placed by its arrival, and those after it with it until one lies where it should. */
export class SessionClock {
  readonly #map: (timeUs: number, arrivalUs: number) => number;
  /** The session's times as they are meant. */
  readonly #meant: Anchor | undefined;
  /** Places the times that weren't believed; undefined while they are. */
  #instead: Anchor | undefined;

  constructor(times: CaptureTimes, clock: Clocks) {
    if (times === "wall") this.#map = wallTimes(clock);
    else if (times === "monotonic") this.#map = (timeUs) => clock.fromMonotonicUs(timeUs);
    else {
      const anchor = new Anchor();
      this.#meant = anchor;
      this.#map = (timeUs, arrivalUs) => anchor.map(timeUs, arrivalUs);
    }
  }

  /** A whole number of microseconds on the run's clock, at most a second after its arrival and ten before. Not necessarily later than the
   * one before. */
  toPipelineUs(timeUs: number, arrivalUs: number): number {
    const isDoubted = this.#instead !== undefined || this.#meant?.isSettling(arrivalUs) === true;
    const meant = Math.round(this.#map(timeUs, arrivalUs));
    if (isBelievable(meant, arrivalUs, isDoubted)) {
      this.#instead = undefined;
      return meant;
    }
    const kept = Math.round(this.#instead?.map(timeUs, arrivalUs) ?? Number.NaN);
    if (isBelievable(kept, arrivalUs, this.#instead?.isSettling(arrivalUs) === true)) return kept;
    this.#instead = new Anchor();
    return Math.round(this.#instead.map(timeUs, arrivalUs));
  }
}

/** The offset of times that say nothing but their distances. */
class Anchor {
  #offsetUs: number | undefined;
  #settledAtUs = Number.POSITIVE_INFINITY;

  /** Whether its offset is still looked for: only a time that goes back lies far behind then. */
  isSettling(arrivalUs: number): boolean {
    return this.#offsetUs !== undefined && arrivalUs < this.#settledAtUs;
  }

  map(timeUs: number, arrivalUs: number): number {
    const offsetUs = arrivalUs - timeUs;
    if (this.#offsetUs === undefined) {
      this.#offsetUs = offsetUs;
      this.#settledAtUs = arrivalUs + settlingUs;
    }
    const mapped = timeUs + this.#offsetUs;
    // A wild time has not less delay than the others: it is wrong.
    if (!this.isSettling(arrivalUs) || mapped <= arrivalUs || mapped > arrivalUs + aheadUs) return mapped;
    this.#offsetUs = offsetUs;
    return arrivalUs;
  }
}

function wallTimes(clock: Clocks): (timeUs: number, arrivalUs: number) => number {
  let offsetUs = clock.fromWallUs(0);
  return (timeUs, arrivalUs) => {
    const kept = timeUs + offsetUs;
    const offsetNowUs = clock.fromWallUs(0);
    if (Math.abs(offsetNowUs - offsetUs) <= stepUs) return kept;
    // Frames from before the step may still be on their way: each tells by itself under which clock it was taken.
    const anew = timeUs + offsetNowUs;
    if (!isBelievable(anew, arrivalUs, false)) return kept;
    const isNearer = Math.abs(arrivalUs - anew) < Math.abs(arrivalUs - kept);
    if (!isNearer && isBelievable(kept, arrivalUs, false)) return kept;
    offsetUs = offsetNowUs;
    return anew;
  };
}

function isBelievable(pts: number, arrivalUs: number, isDoubted: boolean): boolean {
  return pts - arrivalUs <= aheadUs && arrivalUs - pts <= (isDoubted ? doubtedBehindUs : behindUs);
}
