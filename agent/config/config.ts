// What the operator may set: one schema, its defaults, and where the environment puts them.
// The small zod: it is read at every start, and the other one takes three times as long to load.
import * as z from "zod/mini";
import { RemoteMediaError } from "../../platform/base/error.ts";

const text = (description: string) =>
  z.optional(z.string().check(z.minLength(1, "must not be empty"), z.describe(description)));

/** Every setting, with its environment variable. Unknown variables of our prefix are refused. */
export const configSchema = z.strictObject({
  REMOTEMEDIA_HOME: text("Where the cache lies (default `~/.remotemedia`)."),
  REMOTEMEDIA_EMULATOR: text(
    "Words to put before this program when it starts itself, for user-mode emulation, such as `qemu-aarch64-static -L DIR`. " +
      "The address-space cap is off then: it would be the emulator's.",
  ),
  REMOTEMEDIA_CGROUP: z.optional(
    z
      .string()
      .check(
        z.regex(/^(\/\w[\w.@:-]*)+$/, "must be a path such as /remotemedia"),
        z.describe(
          "The cgroup, as a path below /sys/fs/cgroup, in which sandbox children get cgroups of their own (default: that of this program, where " +
            "systemd has delegated it). No other process may be in it, and the one above must hand its memory controller down.",
        ),
      ),
  ),
  REMOTEMEDIA_CPU_PERCENT: z.optional(
    z.coerce
      .number("must be a whole number")
      .check(
        z.refine(Number.isInteger, "must be a whole number"),
        z.minimum(1, "must be at least 1"),
        z.maximum(100_000, "must be at most 100000"),
        z.describe(
          "CPU time that one sandbox child may use, in percent of one core (default: no limit). Only where children have cgroups. A child that must " +
            "wait for its turn may run into `max_execution_ms`.",
        ),
      ),
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
  if (!parsed.success) throw refuse(parsed.error.issues[0]);
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

function refuse(issue: z.core.$ZodIssue | undefined): RemoteMediaError {
  const known = Object.keys(configSchema.shape).join(", ");
  const problem =
    issue?.code === "unrecognized_keys"
      ? `${issue.keys.join(", ")} is no setting`
      : `${issue?.path.join(".")} ${issue?.message}`;
  return new RemoteMediaError("usage", `environment: ${problem}`, { hint: `known are ${known}` });
}
