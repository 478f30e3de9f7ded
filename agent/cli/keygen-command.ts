// `remotemedia keygen`: a new pair of keys, whose signatures this user's own machine trusts.
import { basename } from "node:path";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../main/environment.ts";
import { refuseOldKey, writeKeyPair } from "../main/key-file.ts";
import { enterSigner } from "../main/own-policy.ts";
import { loadTrust } from "../main/trust-settings.ts";
import { askPassphrases } from "./ask-passphrase.ts";
import type { Call } from "./command.ts";
import { openPackageVoice } from "./package-voice.ts";
import { givenPassphrase } from "./signing-key.ts";
import { oneLine } from "./terminal.ts";

const defaultFile = "remotemedia.key";

export async function executeKeygen(call: Call): Promise<number> {
  const { text, flag, terminal } = call;
  const config = await loadConfig();
  const voice = openPackageVoice(call);
  const file = text("output") ?? defaultFile;
  await refuseOldKey(file);
  // A policy that can't be read is told before there is a pair: its key would be trusted nowhere, and be in the way of the next try.
  if (!flag("no-trust")) await loadTrust({ keys: [], home: config.homeFolder });
  const passphrase = flag("no-passphrase") ? undefined : await newPassphrase(call, config);
  const pair = await writeKeyPair(file, passphrase);
  const name = text("name") ?? basename(file).replace(/\.(?:key|pem)$/, "");
  const entered = flag("no-trust") ? undefined : await enterSigner(config.homeFolder, name, pair.publicKey);
  if (!pair.isEncrypted) voice.warning(`${file} has no passphrase: who can read it can sign as you`);
  const { privateFile, publicFile, publicKey } = pair;
  if (flag("json")) {
    const document = {
      private_key: privateFile,
      public_key: publicFile,
      key_id: publicKey.keyId,
      encrypted: pair.isEncrypted,
      trusted: entered === undefined ? null : { file: entered.file, name: entered.name },
    };
    terminal.print(JSON.stringify(document, undefined, 2));
    return 0;
  }
  terminal.print(
    `private key  ${oneLine(privateFile)}  (${pair.isEncrypted ? "encrypted by its passphrase" : "not encrypted"}; keep it to yourself)`,
  );
  terminal.print(`public key   ${oneLine(publicFile)}  (for everybody who is to trust it)`);
  terminal.print(`key id       ${publicKey.keyId}`);
  if (entered !== undefined) {
    voice.notice(`what it signs runs on this machine: ${entered.file} trusts it as "${entered.name}"`);
  }
  return 0;
}

async function newPassphrase(call: Call, config: Config): Promise<string> {
  const given = await givenPassphrase(call, config);
  const passphrase = given ?? (await askTwice(call));
  if (passphrase !== "") return passphrase;
  throw new RemoteMediaError("passphrase-wrong", "keygen: an empty passphrase protects nothing", {
    hint: "give one, or --no-passphrase for a key that isn't encrypted",
  });
}

async function askTwice({ terminal }: Call): Promise<string> {
  const [first, second] = await askPassphrases(["new passphrase", "once more"], terminal);
  if (first === second) return first!;
  throw new RemoteMediaError("passphrase-wrong", "keygen: the two passphrases differ; no key was made", {
    hint: "try again",
  });
}
