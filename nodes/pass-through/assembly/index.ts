// PassThrough: every frame leaves as it came, its data not copied.
import { Frame, Node, Output } from "../../sdk/assembly";

export class PassThrough extends Node {
  process(frame: Frame, out: Output): void {
    out.forward(frame);
  }
}
