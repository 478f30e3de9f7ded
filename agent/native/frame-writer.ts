// FrameWriter: the frames of one or several outputs into one target.
import type { Frame } from "../node/frame.ts";

/** Writes frames in one format. Calls come one after another. Throws RemoteMediaError. */
export interface FrameWriter {
  /** `node` is given where frames of several nodes come together. */
  write(frame: Frame, node: string | undefined): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}
