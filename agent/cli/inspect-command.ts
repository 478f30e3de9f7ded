// `remotemedia inspect`: all that a person wants to know of a package before running it.
import { loadConfig } from "../main/environment.ts";
import { describePackage } from "../main/judge-package.ts";
import { PackageAccess } from "../main/package-access.ts";
import { Program } from "../main/program.ts";
import { loadTrust } from "../main/trust-settings.ts";
import type { Call } from "./command.ts";
import { formatInspection } from "./inspection-page.ts";
import { readPackageUse } from "./package-options.ts";
import { openPackageVoice, unlessInterrupted } from "./package-voice.ts";

export async function executeInspect(call: Call): Promise<number> {
  const { operands, flag, terminal } = call;
  const config = await loadConfig();
  const voice = openPackageVoice(call);
  const use = readPackageUse(call);
  const policy = await loadTrust({ keys: use.keys, home: config.homeFolder });
  await using program = new Program({ config, onWeakSandbox: () => {} });
  await using access = new PackageAccess(config, use);
  const inspection = await unlessInterrupted(
    describePackage(operands[0]!, policy, access, {
      describeModule: (bytes) => program.describeModule(bytes),
      onProgress: voice.progress,
    }),
    "nothing was changed",
  );
  voice.settle();
  terminal.print(
    flag("json") ? JSON.stringify(inspection, undefined, 2) : formatInspection(inspection).join("\n"),
  );
  return 0;
}
