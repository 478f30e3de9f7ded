// Whether a frame that a guest gave is one that its node may give.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { Frame } from "../../node/frame.ts";
import { payloadProblem } from "../../node/payload-check.ts";
import type { StageNode } from "../stage-spec.ts";

/** @throws RemoteMediaError `node-bad-output`: an unknown port, a payload the port doesn't give, bytes that can't be that
 * payload, a time that is no safe integer. */
export function checkOutput(node: StageNode, frame: Frame): void {
  const port = node.outputs.find((output) => output.name === frame.port);
  if (port === undefined) {
    const names = node.outputs.map((output) => output.name).join(", ") || "none";
    throw new RemoteMediaError(
      "node-bad-output",
      `a frame for port "${printable(frame.port)}"; its ports: ${names}`,
    );
  }
  if (!port.kinds.includes(frame.payload.kind)) {
    throw new RemoteMediaError(
      "node-bad-output",
      `${frame.payload.kind} on port "${port.name}", which gives ${port.kinds.join(", ")}`,
    );
  }
  if (!Number.isSafeInteger(frame.pts))
    throw new RemoteMediaError("node-bad-output", `pts ${frame.pts} is out of range`);
  const problem = payloadProblem(frame.payload, frame.data);
  if (problem !== undefined) throw new RemoteMediaError("node-bad-output", problem);
}

function printable(text: string): string {
  return text.slice(0, 64).replaceAll(/\p{C}/gu, "?");
}
