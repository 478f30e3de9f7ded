// What the operator may set: one schema, its defaults, and where the environment puts them.
import { z } from "zod";
import { RemoteMediaError } from "../../platform/base/error.ts";

/** Every setting, with its environment variable. Unknown variables of our prefix are refused. */
export const configSchema = z.strictObject({
  REMOTEMEDIA_HOME: z.string().min(1).optional().describe("Where the cache lies (default `~/.remotemedia`)."),
  REMOTEMEDIA_EMULATOR: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Words to put before this program when it starts itself, for user-mode emulation, such as `qemu-aarch64-static -L DIR`. " +
        "The address-space cap is off then: it would be the emulator's.",
    ),
  REMOTEMEDIA_CGROUP: z
    .string()
    .regex(/^(\/\w[\w.@:-]*)+$/, "REMOTEMEDIA_CGROUP must be a path such as /remotemedia")
    .optional()
    .describe(
      "The cgroup, as a path below /sys/fs/cgroup, in which sandbox children get cgroups of their own (default: that of this program, where " +
        "systemd has delegated it). No other process may be in it, and the one above must hand its memory controller down.",
    ),
  REMOTEMEDIA_CPU_PERCENT: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe(
      "CPU time that one sandbox child may use, in percent of one core (default: no limit). Only where children have cgroups. A child that must " +
        "wait for its turn may run into `max_execution_ms`.",
    ),
});

export interface Config {
  readonly homeFolder: string;
  /** Empty without an emulator. */
  readonly emulator: readonly string[];
  /** Below the mount of cgroup v2. */
  readonly cgroup: string | undefined;
  readonly cpuPercent: number | undefined;
}

const prefix = "REMOTEMEDIA_";

/** Reads the settings out of an environment. Pure. @throws RemoteMediaError `usage` */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const ours = Object.entries(environment).filter(([name]) => name.startsWith(prefix));
  const parsed = configSchema.safeParse(Object.fromEntries(ours));
  if (!parsed.success) {
    const known = Object.keys(configSchema.shape).join(", ");
    const [issue] = parsed.error.issues;
    throw new RemoteMediaError("usage", `environment: ${issue?.message ?? "not as it should be"}`, {
      hint: `known are ${known}`,
    });
  }
  const {
    REMOTEMEDIA_HOME: home,
    REMOTEMEDIA_EMULATOR: emulator,
    REMOTEMEDIA_CGROUP: cgroup,
    REMOTEMEDIA_CPU_PERCENT: cpuPercent,
  } = parsed.data;
  return {
    homeFolder: home ?? `${environment["HOME"] ?? "."}/.remotemedia`,
    emulator: emulator?.split(/\s+/).filter((word) => word !== "") ?? [],
    cgroup,
    cpuPercent,
  };
}
