// A manifest that fits its schema, with the way back to where each thing was written.
import type { ManifestNode, PlacementPolicy } from "./node-schema.ts";
import type { Locate } from "./parse-json.ts";
import type { ManifestConnection, ModuleReference } from "./schema.ts";

export interface Manifest {
  readonly name: string;
  readonly description: string | undefined;
  /** By node type. */
  readonly modules: Readonly<Record<string, ModuleReference>>;
  readonly nodes: readonly ManifestNode[];
  readonly connections: readonly ManifestConnection[];
  /** What the manifest calls its connections: the first step of their paths. */
  readonly connectionsField: "connections" | "edges";
  readonly placementPolicy: PlacementPolicy;
  /** File, JSON path, line and column of anything in the manifest, for errors. */
  readonly where: Locate;
}
