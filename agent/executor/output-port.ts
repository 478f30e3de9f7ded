// OutputPort: one port that frames leave by; fans out to its channels and says how far in time it has come.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Frame } from "../node/frame.ts";
import type { Channel } from "./channel.ts";

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

  get isBlocked(): boolean {
    for (const channel of this.channels) if (channel.isOver) return true;
    return false;
  }

  /** `cause` is the key of the input that led to the frame; minus infinity where there is none. */
  emit(frame: Frame, cause: number): void {
    // A pts that isn't a number would never compare as the earliest, and the merge would stand still.
    if (!Number.isSafeInteger(frame.pts)) {
      throw new RemoteMediaError("internal", `a frame on port ${frame.port} has no integer pts`);
    }
    const key = Math.max(frame.pts, cause - this.#lagUs, this.#key);
    this.#key = key;
    if (cause - frame.pts > this.#lagUs) this.#lagUs = cause - frame.pts;
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
