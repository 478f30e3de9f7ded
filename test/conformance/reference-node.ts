// The reference nodes: the behaviours that the NodeRunner suite needs, and their form as fake nodes.
import type { Frame } from "../../agent/node/frame.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { FakeNode } from "./fake-runner.ts";

/** What each implementation of NodeRunner must be able to run. All have one input `in` and one output `out`.
 *
 * | behaviour | params | does |
 * |---|---|---|
 * | echo | {} | each frame unchanged, on `out` |
 * | counting | {"every":n,"how":"trap"\|"bad-input"\|"fatal"} | emits for its k-th frame one `bytes` frame of the same pts with k as a little-endian u32; k counts in this instance, from 1. Where k is a multiple of n it fails in the named way instead; n = 0 never fails |
 * | holding | {} | nothing until `flush`, then every frame unchanged, in order |
 * | expanding | {"copies":n} | n copies, the i-th (from 0) with i added to its pts |
 * | rejecting | {} | `open` answers invalid-params |
 *
 * Params are written without spaces and in this order of keys, so that a guest needs no JSON parser. */
export type ReferenceBehaviour = "echo" | "counting" | "holding" | "expanding" | "rejecting";

export interface ReferenceParams {
  readonly every?: number;
  readonly how?: "trap" | "bad-input" | "fatal";
  readonly copies?: number;
}

/** A fresh instance as plain code; throws what a guest's failure becomes. */
export function createReferenceNode(behaviour: ReferenceBehaviour, params: ReferenceParams): FakeNode {
  switch (behaviour) {
    case "echo":
      return { process: (frame) => [emit(frame)] };
    case "counting":
      return createCounting(params);
    case "holding":
      return createHolding();
    case "expanding":
      return {
        process: (frame) =>
          Array.from({ length: params.copies ?? 0 }, (_, i) => ({ ...emit(frame), pts: frame.pts + i })),
      };
    case "rejecting":
      throw new RemoteMediaError("node-invalid-params", "nothing suits this node");
  }
}

function createCounting({ every = 0, how }: ReferenceParams): FakeNode {
  let seen = 0;
  return {
    process({ pts }) {
      seen++;
      if (every > 0 && seen % every === 0) {
        if (how === "trap") throw new WebAssembly.RuntimeError("unreachable");
        throw new RemoteMediaError(how === "fatal" ? "node-fatal" : "node-bad-input", "counted far enough");
      }
      const data = new Uint8Array(4);
      new DataView(data.buffer).setUint32(0, seen, true);
      return [{ port: "out", pts, payload: { kind: "bytes" }, data }];
    },
  };
}

function createHolding(): FakeNode {
  const held: Frame[] = [];
  return {
    process(frame) {
      held.push(emit(frame));
      return [];
    },
    flush: () => held,
  };
}

/** A runner's emissions own their bytes. */
function emit(frame: Frame): Frame {
  return { ...frame, port: "out", data: frame.data.slice() };
}
