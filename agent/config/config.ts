// What the operator may set: one schema, its defaults, and where the environment puts them.
// The small zod: it is read at every start, and the other one takes three times as long to load.
import * as z from "zod/mini";
import { RemoteMediaError } from "../../platform/base/error.ts";

const text = (description: string) =>
  z.optional(z.string().check(z.minLength(1, "must not be empty"), z.describe(description)));

/** Every setting, with its environment variable. Unknown variables of our prefix are refused. */
export const configSchema = z.strictObject({
  REMOTEMEDIA_HOME: text(
    "Where the packages, the cache and the trust policy lie (default `~/.remotemedia`).",
  ),
  REMOTEMEDIA_PASSPHRASE: z.optional(
    z
      .string()
      .check(
        z.describe(
          "The passphrase of a signing key, where nobody is there to be asked. Other processes of the same user can read it: `--passphrase-file` is " +
            "the better way.",
        ),
      ),
  ),
  REMOTEMEDIA_CA_FILE: text(
    "A file of certificates, in PEM, of authorities that registries are trusted by besides the system's; `--ca-file` goes before it.",
  ),
  REMOTEMEDIA_PLAIN_HTTP: z.optional(
    z
      .string()
      .check(
        z.regex(/^[^\s,]+(,[^\s,]+)*$/, "must be hosts such as 10.0.0.7:5000, separated by commas"),
        z.describe("Registries, as `host:port,…`, that are spoken to without TLS, as `--plain-http` does."),
      ),
  ),
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
  /** A secret: never shown, never handed to another program. */
  readonly passphrase: string | undefined;
  readonly caFile: string | undefined;
  /** Registries, as `host[:port]`, that need no TLS. */
  readonly plainHttpHosts: readonly string[];
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
    REMOTEMEDIA_PASSPHRASE: passphrase,
    REMOTEMEDIA_CA_FILE: caFile,
    REMOTEMEDIA_PLAIN_HTTP: plainHttpHosts,
  } = parsed.data;
  return {
    homeFolder: home ?? `${environment["HOME"] ?? "."}/.remotemedia`,
    emulator: emulator?.split(/\s+/).filter((word) => word !== "") ?? [],
    cgroup,
    cpuPercent,
    passphrase,
    caFile,
    plainHttpHosts: plainHttpHosts?.split(",") ?? [],
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
