// `remotemedia push`: a package into a registry.
import { formatOciReference } from "../../platform/base/oci-reference.ts";
import { loadConfig } from "../main/environment.ts";
import { PackageAccess } from "../main/package-access.ts";
import { pushReference } from "../main/transfer-package.ts";
import type { Call } from "./command.ts";
import { readPackageUse } from "./package-options.ts";
import { openPackageVoice, unlessInterrupted } from "./package-voice.ts";
import { describeTransferReport, formatParts, summarizeTransfer } from "./transfer-summary.ts";

export async function executePush(call: Call): Promise<number> {
  const { operands, flag, terminal } = call;
  const voice = openPackageVoice(call);
  await using access = new PackageAccess(await loadConfig(), readPackageUse(call));
  const { target, report } = await unlessInterrupted(
    pushReference(operands[0]!, operands[1]!, access, { onProgress: voice.progress }),
    "the registry keeps what it has got, and no tag was changed: push again to go on from there",
  );
  voice.settle();
  const { tag: _, ...untagged } = target;
  const pinned = formatOciReference({ ...untagged, digest: report.digest });
  if (flag("json")) {
    const reference = formatOciReference(target);
    const document = { reference, digest: report.digest, pinned, ...describeTransferReport(report) };
    terminal.print(JSON.stringify(document, undefined, 2));
    return 0;
  }
  terminal.print(pinned);
  if (!flag("quiet")) for (const line of formatParts(report)) terminal.tell(line);
  voice.notice(summarizeTransfer(report));
  return 0;
}
