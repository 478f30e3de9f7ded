// `remotemedia pull`: a package out of a registry into the store, and into a file where one is asked for.
import { loadConfig } from "../main/environment.ts";
import { PackageAccess } from "../main/package-access.ts";
import { pullReference } from "../main/transfer-package.ts";
import { loadTrust } from "../main/trust-settings.ts";
import type { Call } from "./command.ts";
import { readPackageUse } from "./package-options.ts";
import { openPackageVoice, unlessInterrupted } from "./package-voice.ts";
import { formatBytes } from "./quantity.ts";
import { oneLine } from "./terminal.ts";
import { describeTransferReport, formatParts, summarizeTransfer } from "./transfer-summary.ts";

export async function executePull(call: Call): Promise<number> {
  const { operands, text, flag, terminal } = call;
  const voice = openPackageVoice(call);
  const config = await loadConfig();
  const use = readPackageUse(call);
  const policy = await loadTrust({ keys: use.keys, home: config.homeFolder });
  await using access = new PackageAccess(config, use);
  const options = { onProgress: voice.progress, force: flag("force") };
  const { name, signer, report, folder, saved } = await unlessInterrupted(
    pullReference(operands[0]!, text("output"), policy, access, options),
    "what has arrived is kept: pull again to go on from there",
  );
  voice.settle();
  if (signer === undefined) voice.warning(`the package is UNSIGNED: ${report.digest}`);
  if (flag("json")) {
    const document = {
      reference: operands[0]!,
      digest: report.digest,
      name,
      signer: signer === undefined ? null : { name: signer.name, key_id: signer.keyId },
      folder,
      ...(saved === undefined ? {} : { file: saved.file, file_bytes: saved.size }),
      ...describeTransferReport(report),
    };
    terminal.print(JSON.stringify(document, undefined, 2));
    return 0;
  }
  terminal.print(report.digest);
  if (!flag("quiet")) for (const line of formatParts(report)) terminal.tell(line);
  if (signer !== undefined) voice.notice(`${oneLine(name)}, signed by ${signer.name}`);
  voice.notice(summarizeTransfer(report));
  if (saved !== undefined) voice.notice(`${saved.file} has ${formatBytes(saved.size)}`);
  return 0;
}
