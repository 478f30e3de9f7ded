// SessionClock: the times of one capture session on the clock of the run. Pure: arrivals come in as data.
import type { CaptureTimes } from "../../../platform/contract/media-capture.ts";
import type { PipelineClock } from "../node-type.ts";

/** From here on the wall clock has been set, not slewed. */
const stepUs = 500_000;
/** For so long the stream's least delay is looked for. */
const settlingUs = 1_000_000;
/** A time that is farther from its arrival isn't believed: no camera holds a picture that long, and none sees ahead. */
const believableUs = 10_000_000;

/** `monotonic` times are exact. `wall` times keep the offset that held when the session began, so that slewing doesn't show, until the wall
 * clock is set. `stream` times have a start of their own: the frame that came with the least delay during the first second counts as
 * captured on arrival. A time that can't be is placed by its arrival, and those after it with it. */
export class SessionClock {
  readonly #times: CaptureTimes;
  readonly #clock: Pick<PipelineClock, "fromMonotonicUs" | "fromWallUs">;
  #offsetUs: number | undefined;
  #settledAtUs = Number.POSITIVE_INFINITY;
  /** Once a time wasn't believed, this session's are placed by arrival. */
  #isByArrival: boolean;

  constructor(times: CaptureTimes, clock: Pick<PipelineClock, "fromMonotonicUs" | "fromWallUs">) {
    this.#times = times;
    this.#clock = clock;
    this.#isByArrival = times === "stream";
    if (times === "wall") this.#offsetUs = clock.fromWallUs(0);
  }

  /** A whole number of microseconds on the run's clock. Not necessarily later than the one before. */
  toPipelineUs(timeUs: number, arrivalUs: number): number {
    const pts = Math.round(this.#map(timeUs, arrivalUs));
    if (Math.abs(pts - arrivalUs) <= believableUs) return pts;
    this.#isByArrival = true;
    this.#anchor(timeUs, arrivalUs);
    return arrivalUs;
  }

  #map(timeUs: number, arrivalUs: number): number {
    if (this.#isByArrival) return this.#mapByArrival(timeUs, arrivalUs);
    if (this.#times === "monotonic") return this.#clock.fromMonotonicUs(timeUs);
    return this.#mapWall(timeUs, arrivalUs);
  }

  #mapWall(timeUs: number, arrivalUs: number): number {
    const kept = timeUs + this.#offsetUs!;
    const offsetNowUs = this.#clock.fromWallUs(0);
    if (Math.abs(offsetNowUs - this.#offsetUs!) <= stepUs) return kept;
    // Frames from before the step may still be on their way: each tells by itself under which clock it was taken.
    const anew = timeUs + offsetNowUs;
    if (Math.abs(arrivalUs - anew) >= Math.abs(arrivalUs - kept)) return kept;
    this.#offsetUs = offsetNowUs;
    return anew;
  }

  #mapByArrival(timeUs: number, arrivalUs: number): number {
    if (this.#offsetUs === undefined) this.#anchor(timeUs, arrivalUs);
    else if (arrivalUs < this.#settledAtUs) this.#offsetUs = Math.min(this.#offsetUs, arrivalUs - timeUs);
    return timeUs + this.#offsetUs!;
  }

  #anchor(timeUs: number, arrivalUs: number): void {
    this.#offsetUs = arrivalUs - timeUs;
    this.#settledAtUs = arrivalUs + settlingUs;
  }
}
