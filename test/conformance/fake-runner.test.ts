// The fake runner against the NodeRunner suite: what other tests rely on is proven here.
import { FakeRunner } from "./fake-runner.ts";
import { describeNodeRunner } from "./node-runner.ts";
import { createReferenceNode } from "./reference-node.ts";

for (const window of [1, 8]) {
  describeNodeRunner(`FakeRunner with a window of ${window}`, async (behaviour, params, policy) => {
    const create = () => createReferenceNode(behaviour, JSON.parse(params));
    return new FakeRunner({ id: "node", type: behaviour, policy, window, create });
  });
}
