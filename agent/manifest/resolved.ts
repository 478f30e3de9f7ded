// What resolving a manifest gives: every node with its type, params and limits, every connection with its ports.

import type { CapabilityRequirements } from "../capability/requirements.ts";
import type { NodeDescriptor } from "../node/descriptor.ts";
import type { ErrorPolicy } from "../node/failure.ts";
import type { PayloadKind } from "../node/frame.ts";
import type { NodeLimits } from "../node/limits.ts";
import type { NodeGrants, NodePlacement, PlacementPolicy } from "./node-schema.ts";
import type { Locate } from "./parse-json.ts";
import type { ModuleReference } from "./schema.ts";

export interface ResolvedNode {
  readonly id: string;
  /** Position in the manifest, from 0. */
  readonly index: number;
  readonly type: string;
  readonly descriptor: NodeDescriptor;
  readonly runtime: "wasm" | "native";
  readonly trust: "builtin" | "module";
  /** Where the manifest's module is; undefined for a built-in node. */
  readonly module: ModuleReference | undefined;
  /** What the manifest gives, plus the defaults of the params schema: a new object, the manifest's stays as it is. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly limits: NodeLimits;
  readonly policy: ErrorPolicy;
  /** What the manifest asks for, then what the node.json needs. Each must be met. */
  readonly requirements: readonly CapabilityRequirements[];
  readonly host: string | undefined;
  readonly placement: NodePlacement & { readonly policy: PlacementPolicy };
  readonly grants: NodeGrants;
}

export interface PortReference {
  readonly node: string;
  readonly port: string;
}

export interface ResolvedConnection {
  readonly from: PortReference;
  readonly to: PortReference;
  /** Position in the manifest, from 0: what breaks ties where connections merge. */
  readonly order: number;
}

/** A port that no connection feeds or drains, and the payload kinds that it takes or gives. */
export interface OpenPort extends PortReference {
  readonly kinds: readonly PayloadKind[];
}

/** `required`: whether its node can't do without. */
export interface OpenInput extends OpenPort {
  readonly required: boolean;
}

/** `onRequest`: it isn't required, and others of its node are connected, so that it is taken only where `--output` names it. */
export interface OpenOutput extends OpenPort {
  readonly onRequest: boolean;
}

/** A pipeline whose types, ports, params and graph are sound. */
export interface ResolvedPipeline {
  readonly name: string;
  /** In the manifest's order. */
  readonly nodes: readonly ResolvedNode[];
  readonly connections: readonly ResolvedConnection[];
  /** Ports that `--input` feeds: the inputs of nodes without any incoming connection. */
  readonly openInputs: readonly OpenInput[];
  /** Ports that go to `--output`: outputs without a connection. */
  readonly openOutputs: readonly OpenOutput[];
  /** Node ids, each after all that feed it; the manifest's order where that leaves a choice. */
  readonly topologicalOrder: readonly string[];
  /** The manifest's, for errors of later steps. */
  readonly where: Locate;
}
