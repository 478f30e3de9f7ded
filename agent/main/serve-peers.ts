// What is particular to stages of others: the most that their nodes may use, and where their packages come from.
import { type Digest, isDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { Config } from "../config/config.ts";
import type { LimitsPolicy } from "../manifest/resolve-limits.ts";
import type { StageRequest } from "../offload/stage-host.ts";
import type { HeldFolder } from "./sandbox-host.ts";

export function describeNodeLimits(execute: AgentConfig["execute"]): LimitsPolicy {
  const { max_memory_mb, max_execution_ms, max_fuel } = execute;
  return {
    ...(max_memory_mb === undefined ? {} : { maxMemoryBytes: max_memory_mb * 2 ** 20 }),
    ...(max_execution_ms === undefined ? {} : { maxExecutionMs: max_execution_ms }),
    ...(max_fuel === undefined ? {} : { maxFuel: BigInt(max_fuel) }),
  };
}

/** From the store where it is there, else from the one who asks; verified by this user's policy like one that came from a registry. */
export function unpackForPeer(config: Config, allowUnsigned: boolean) {
  return async (request: StageRequest): Promise<HeldFolder> => {
    const digest = digestOf(request);
    const [{ unpackSource }, { openPeerPackage }, { openStoredPackage }] = await Promise.all([
      import("./unpack-package.ts"),
      import("./peer-package.ts"),
      import("../package/stored-package.ts"),
    ]);
    const use = { keys: [], allowUnsigned };
    return unpackSource(use, config, async (access) => {
      const stored = await openStoredPackage(await access.store(), digest);
      return stored ?? openPeerPackage(request.fetch, digest, request.caller.name);
    });
  };
}

function digestOf({ package: digest }: StageRequest): Digest {
  if (digest !== undefined && isDigest(digest)) return digest;
  throw new RemoteMediaError("peer-invalid", "the stage's package has no digest");
}
