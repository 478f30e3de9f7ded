// How much one frame may become inside of a stage: nodes in a row multiply what each of them may give.
import type { StageNode } from "./stage-spec.ts";

/** Frames handed on within a stage for one frame from outside, and bytes that leave it: beyond what any pipeline in use
 * needs, and little enough for the parent to hold. */
const leastFrames = 65_536;
const leastBytes = 256 * 1024 * 1024;

export interface StageBound {
  readonly frames: number;
  readonly bytes: number;
}

/** At least twice what any one of the nodes may give a call. */
export function stageBoundOf(nodes: readonly StageNode[]): StageBound {
  const frames = Math.max(...nodes.map(({ limits }) => limits.maxFramesOut));
  const bytes = Math.max(...nodes.map(({ limits }) => limits.maxOutputBytes));
  return { frames: Math.max(leastFrames, frames * 2), bytes: Math.max(leastBytes, bytes * 2) };
}
