// The class that every node extends.
import { Frame } from "./frame";
import { Output } from "./output";
import { Params } from "./params";

/** A node. One instance serves one node of one pipeline and is entered by one call at a time. */
export abstract class Node {
  /** Called once, before the first frame. Problems found while reading `params` refuse them. */
  open(params: Params): void {}

  /** Called for each frame; gives any number of frames to `out`, or one failure. */
  abstract process(frame: Frame, out: Output): void;

  /** Called once after the last frame: what the node still holds. */
  flush(out: Output): void {}
}
