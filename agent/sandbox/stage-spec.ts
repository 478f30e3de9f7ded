// What a sandbox child is told to run: the stage, and where in the record its modules' bytes lie.
import type { PayloadKind } from "../node/frame.ts";
import type { NodeLimits } from "../node/limits.ts";
import type { DirectPlan } from "./wasm/component.ts";

export interface StagePort {
  readonly name: string;
  readonly kinds: readonly PayloadKind[];
}

/** Where a frame goes that leaves a node by a port. */
export interface StageRoute {
  /** Nodes of the same stage, by index, with the port they take it by. */
  readonly inside: readonly { readonly node: number; readonly port: string }[];
  /** Whether somebody outside of the stage wants it. */
  readonly outside: boolean;
}

export interface StageNode {
  readonly id: string;
  readonly type: string;
  /** JSON text of the params object. */
  readonly params: string;
  readonly inputs: readonly StagePort[];
  readonly outputs: readonly StagePort[];
  /** One a port of `outputs`. */
  readonly routes: readonly StageRoute[];
  readonly limits: NodeLimits;
  /** `on_error: skip`: the instance survives `node-bad-input`. */
  readonly keepAfterBadInput: boolean;
  /** Index into the modules. */
  readonly module: number;
}

/** A module that is ready to run: scanned, validated, metered. `direct` is entered by the canonical ABI; `glue` through
 * the JavaScript that jco made for it on this machine. */
export interface PreparedModule {
  readonly kind: "direct" | "glue";
  /** Names of the main module's exports; for `direct` only. */
  readonly plan: Omit<DirectPlan, "module"> | undefined;
  readonly cores: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly glue: Uint8Array | undefined;
}

/** `nodes` in an order in which every node comes after the one that feeds it; the first is the root. */
export interface StageSpec {
  readonly nodes: readonly StageNode[];
  readonly modules: readonly PreparedModule[];
}
