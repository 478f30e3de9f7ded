// OutputPort: one port that frames leave by; fans out to its channels and says how far in time it has come.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame } from "../node/frame.ts";
import type { Channel } from "./channel.ts";

/** The least key above this one that still belongs to the same microsecond; the same key where doubles have none left.
 * Fractions of a microsecond tell apart what frames of equal pts led to. */
export function keyAfter(key: number): number {
  const size = Math.abs(key);
  const step = size < 2 ** 33 ? 2 ** -20 : size < 2 ** 43 ? 2 ** -10 : 0;
  const after = key + step;
  return after < Math.floor(key) + 1 ? after : key;
}

/** Gives each frame its merge key. The key is the frame's pts, raised to what the port had promised before: a frame that
 * comes later than promised is merged where the promise stood, its pts untouched.
 *
 * The promise after an input of key T is "nothing before T − lag". A port is taken to lag by nothing until it emits a frame
 * older than the input that caused it (an accumulator, a look-back); from then on by the most that was seen. Keys
 * follow from inputs and emissions alone, so every merge downstream has one order, whatever the timing. */
export class OutputPort {
  readonly channels: Channel[] = [];
  /** Whether a merge downstream waits for promises; without one they aren't made. */
  hasMergeDownstream = false;
  #lagUs = 0;
  #key = Number.NEGATIVE_INFINITY;

  /** The last frame's key. */
  get key(): number {
    return this.#key;
  }

  get isBlocked(): boolean {
    for (const channel of this.channels) if (channel.isOver) return true;
    return false;
  }

  /** `cause` is the key of the input that led to the frame, minus infinity where there is none. `low` is what was promised
   * of inputs by then; it is higher than the cause where a release let a later input through before it. */
  emit(frame: Frame, cause: number, low: number): void {
    // A pts that isn't a number would never compare as the earliest, and the merge would stand still.
    if (!Number.isSafeInteger(frame.pts)) {
      throw new RemoteMediaError("internal", `a frame on port ${frame.port} has no integer pts`);
    }
    const key = Math.max(frame.pts, low - this.#lagUs, this.#key);
    this.#key = key;
    const lagUs = Math.floor(cause) - frame.pts;
    if (lagUs > this.#lagUs) this.#lagUs = lagUs;
    for (const channel of this.channels) channel.push(frame, key);
  }

  /** Promises that frames to come are caused by inputs of at least `low`. */
  announce(low: number): void {
    if (!this.hasMergeDownstream) return;
    for (const channel of this.channels) channel.announce(low - this.#lagUs);
  }

  /** Nothing more will leave; `low` is the key of the last cause. */
  end(low: number): void {
    for (const channel of this.channels) {
      channel.announce(low - this.#lagUs);
      channel.end();
    }
  }
}
