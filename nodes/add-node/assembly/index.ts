// AddNode: numbers plus an addend.
import { Params } from "../../sdk/assembly";
import { AffineNode } from "../../sdk/assembly/affine";

export class AddNode extends AffineNode {
  open(params: Params): void {
    this.addend = params.number("addend", 0);
  }
}
