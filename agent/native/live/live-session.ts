// LiveSession: one time that a device or a stream is open.
import type { CaptureTimes } from "../../../platform/contract/media-capture.ts";
import type { Frame } from "../../node/frame.ts";

/** One time that a device or a stream is open. */
export interface LiveSession {
  readonly times: CaptureTimes;
  /** `pts` are the session's own times. Ending the iteration, or the signal, releases the device. */
  readonly frames: AsyncIterable<Frame>;
}
