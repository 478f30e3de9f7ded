// What a person wants to know of a package before running it; JSON as it is, with field names that stay.
import type { Digest } from "../../platform/base/digest.ts";
import type { ErrorCode } from "../../platform/base/error-codes.ts";

/** Texts out of the package are printable lines. Sizes are bytes. Absent: the package doesn't say. */
export interface Inspection {
  readonly name: string;
  readonly description?: string;
  readonly version?: string;
  /** Where it was looked at: a file or a reference. */
  readonly source: string;
  readonly digest: Digest;
  /** Of the manifest and every blob of the package, without signatures. */
  readonly size: number;
  readonly nodes: readonly InspectedNode[];
  readonly modules: readonly InspectedModule[];
  readonly models: readonly InspectedFile[];
  /** `host/repository`s that layers come from. */
  readonly base_repositories: readonly string[];
  /** Every signature found, in both layouts. */
  readonly signatures: readonly InspectedSignature[];
  readonly provenance: readonly InspectedProvenance[];
  /** Where the bytes of each file come from. */
  readonly origins: readonly InspectedOrigin[];
}

export interface InspectedNode {
  readonly id: string;
  readonly node_type: string;
  /** Whose code it is; `unknown`: this version has no node of that type. */
  readonly from: "builtin" | "module" | "unknown";
  /** Path of its module. */
  readonly module?: string;
  readonly host?: string;
  readonly placement?: unknown;
  /** In force without a device's policy: the manifest's, else its node.json's, else the defaults. */
  readonly limits: Readonly<Record<string, number>>;
  /** What it asks for beyond its frames. */
  readonly grants?: unknown;
  /** Capabilities: the manifest's, then its node.json's. */
  readonly needs: readonly unknown[];
}

export interface InspectedFile {
  readonly path: string;
  readonly media_type: string;
  readonly size: number;
  readonly digest: Digest;
}

export interface InspectedModule extends InspectedFile {
  /** Node types that it is; empty for a module that the pipeline doesn't name. */
  readonly node_types: readonly string[];
  readonly imports?: readonly string[];
  /** Why nothing is known of its inside. */
  readonly problem?: InspectedProblem;
}

export interface InspectedProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface InspectedSignature {
  readonly layout: "bundle" | "simple";
  readonly verified: boolean;
  /** The policy's name of the signer, and the key's SHA-256, once verified. */
  readonly signer?: string;
  readonly key_id?: string;
  /** What an unverified bundle says of its key. */
  readonly key_hint?: string;
  /** Why it isn't verified; absent where no key and no policy was given. */
  readonly problem?: InspectedProblem;
}

export interface InspectedDependency {
  readonly uri?: string;
  readonly name?: string;
  /** `sha256:…`, or another algorithm's. */
  readonly digest?: string;
}

/** What a provenance says; worth something only where it is verified. */
export interface InspectedProvenance {
  readonly verified: boolean;
  readonly signer?: string;
  readonly predicate_type: string;
  readonly builder?: string;
  readonly build_type?: string;
  /** ISO 8601. */
  readonly started?: string;
  readonly finished?: string;
  /** The commit that was built. */
  readonly source?: InspectedDependency;
  /** All that went into the build. */
  readonly dependencies: readonly InspectedDependency[];
  readonly problem?: InspectedProblem;
}

/** `package`: nothing says more than that it is in the package; `base`: another repository of the registry; `dependency`: what the
 * provenance lists as going into the build, by its name there or where it came from; that counts where `verified`. */
export interface InspectedOrigin {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  readonly from: "package" | "base" | "dependency";
  readonly repository?: string;
  readonly name?: string;
  readonly uri?: string;
  readonly verified?: boolean;
}
