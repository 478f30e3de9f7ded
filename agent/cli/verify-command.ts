// `remotemedia verify`: proves that a package is, to the last byte, what a trusted signer signed.
import { loadConfig } from "../main/environment.ts";
import { judgePackage } from "../main/judge-package.ts";
import { PackageAccess } from "../main/package-access.ts";
import { loadTrust } from "../main/trust-settings.ts";
import type { Call } from "./command.ts";
import { formatProvenance, formatSignature } from "./inspection-page.ts";
import { readPackageUse } from "./package-options.ts";
import { openPackageVoice, unlessInterrupted } from "./package-voice.ts";
import { oneLine } from "./terminal.ts";

export async function executeVerify(call: Call): Promise<number> {
  const { operands, flag, terminal } = call;
  const reference = operands[0]!;
  const config = await loadConfig();
  const voice = openPackageVoice(call);
  const use = readPackageUse(call);
  const policy = await loadTrust({ keys: use.keys, home: config.homeFolder });
  await using access = new PackageAccess(config, use);
  const judged = await unlessInterrupted(
    judgePackage(reference, policy, access, { onProgress: voice.progress }),
    "nothing was proven",
  );
  voice.settle();
  const { digest } = judged.manifest.descriptor;
  const signer = judged.signer!;
  if (flag("json")) {
    const document = {
      ok: true,
      reference,
      digest,
      name: judged.name,
      signer: { name: signer.name, key_id: signer.keyId },
      signatures: judged.signatures,
      provenance: judged.statements,
    };
    terminal.print(JSON.stringify(document, undefined, 2));
    return 0;
  }
  terminal.print(`ok: ${oneLine(judged.name)} is signed by ${oneLine(signer.name)}`);
  if (flag("quiet")) return 0;
  terminal.print(`digest  ${digest}`);
  terminal.print(`key id  ${signer.keyId}`);
  for (const signature of judged.signatures) terminal.print(formatSignature(signature));
  if (judged.statements.length === 0) terminal.print("provenance: none");
  for (const statement of judged.statements) terminal.print(formatProvenance(statement).join("\n"));
  return 0;
}
