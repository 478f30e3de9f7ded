// The signing key that a call names, opened: its passphrase from a file, from the environment, or from whoever sits there.
import type { Config } from "../config/config.ts";
import { openKeyFile, readPassphraseFile } from "../main/key-file.ts";
import type { SigningKey } from "../trust/signing-key.ts";
import { askPassphrases } from "./ask-passphrase.ts";
import type { Call } from "./command.ts";
import type { PackageVoice } from "./package-voice.ts";

/** What is given without asking; undefined where that is nothing. */
export async function givenPassphrase({ text }: Call, config: Config): Promise<string | undefined> {
  const file = text("passphrase-file");
  return file === undefined ? config.passphrase : readPassphraseFile(file);
}

/** @throws RemoteMediaError `key-invalid`, `passphrase-wrong`, `usage` where nobody can be asked */
export async function openCallsKey(
  file: string,
  call: Call,
  config: Config,
  voice: PackageVoice,
): Promise<SigningKey> {
  const { key, isExposed } = await openKeyFile(file, async () => {
    const given = await givenPassphrase(call, config);
    return given ?? (await askPassphrases([`passphrase of ${file}`], call.terminal))[0]!;
  });
  if (isExposed) voice.warning(`${file} can be read by other users of this machine: chmod 600 ${file}`);
  return key;
}
