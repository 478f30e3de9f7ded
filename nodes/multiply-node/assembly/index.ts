// MultiplyNode: numbers times a factor.
import { Params } from "../../sdk/assembly";
import { AffineNode } from "../../sdk/assembly/affine";

export class MultiplyNode extends AffineNode {
  open(params: Params): void {
    this.factor = params.number("factor", 2);
  }
}
