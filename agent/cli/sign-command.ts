// `remotemedia sign`: a signature beside a package that is there already.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { loadConfig } from "../main/environment.ts";
import { PackageAccess } from "../main/package-access.ts";
import { signReference } from "../main/sign-reference.ts";
import type { Call } from "./command.ts";
import { readPackageUse } from "./package-options.ts";
import { openPackageVoice, unlessInterrupted } from "./package-voice.ts";
import { openCallsKey } from "./signing-key.ts";
import { oneLine } from "./terminal.ts";

export async function executeSign(call: Call): Promise<number> {
  const { text, flag, terminal } = call;
  const reference = call.operands[0]!;
  const file = text("key");
  if (file === undefined) {
    throw new RemoteMediaError("usage", "sign: --key is missing", {
      hint: "--key FILE is the private key; remotemedia keygen makes one",
    });
  }
  const config = await loadConfig();
  const voice = openPackageVoice(call);
  const key = await openCallsKey(file, call, config, voice);
  await using access = new PackageAccess(config, { ...readPackageUse(call) });
  const signed = await unlessInterrupted(
    signReference(reference, key, access),
    "the package is as it was, or signed: sign it again",
  );
  const { keyId } = key.publicKey;
  if (flag("json")) {
    const document = {
      reference,
      digest: signed.digest,
      name: signed.name,
      key_id: keyId,
      layouts: ["bundle", "simple"],
    };
    terminal.print(JSON.stringify(document, undefined, 2));
  } else {
    terminal.print(`signed ${oneLine(reference)}`);
    terminal.print(`digest ${signed.digest}`);
    terminal.print(`key id ${keyId}`);
  }
  return 0;
}
