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
});

export interface Config {
  readonly homeFolder: string;
  /** Empty without an emulator. */
  readonly emulator: readonly string[];
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
  const { REMOTEMEDIA_HOME: home, REMOTEMEDIA_EMULATOR: emulator } = parsed.data;
  return {
    homeFolder: home ?? `${environment["HOME"] ?? "."}/.remotemedia`,
    emulator: emulator?.split(/\s+/).filter((word) => word !== "") ?? [],
  };
}
