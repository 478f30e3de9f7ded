// The stage that spare children run while they wait: one built-in node that hands its frames on.
import { defaultLimits } from "../node/limits.ts";
import type { StageSpec } from "../sandbox/stage-spec.ts";
import { builtinDescriptors, builtinModule } from "./builtin-nodes.ts";

const type = "PassThrough";

export function rehearsal(): StageSpec {
  const descriptor = builtinDescriptors().find(({ name }) => name === type)!;
  const ports = (described: typeof descriptor.inputs) =>
    Object.entries(described).map(([name, { kinds }]) => ({ name, kinds }));
  const outputs = ports(descriptor.outputs);
  const node = {
    id: "rehearsal",
    type,
    params: "{}",
    inputs: ports(descriptor.inputs),
    outputs,
    routes: outputs.map(() => ({ inside: [], outside: true })),
    limits: defaultLimits,
    keepAfterBadInput: false,
    module: 0,
  };
  return { nodes: [node], modules: [builtinModule(type).module] };
}
