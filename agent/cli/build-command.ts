// `remotemedia build`: a pipeline's folder becomes a package, signed where a key is given.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import type { Config } from "../config/config.ts";
import { type BuiltFolder, buildFolder } from "../main/build-folder.ts";
import { loadConfig } from "../main/environment.ts";
import { PackageAccess } from "../main/package-access.ts";
import { Program } from "../main/program.ts";
import { refuseOthersFile, type SavedPackage, savePackage } from "../main/save-package.ts";
import type { SigningKey } from "../trust/signing-key.ts";
import type { Call } from "./command.ts";
import { readPackageUse } from "./package-options.ts";
import { openPackageVoice, type PackageVoice, unlessInterrupted } from "./package-voice.ts";
import { formatBytes } from "./quantity.ts";
import { openCallsKey } from "./signing-key.ts";
import { formatTable } from "./table.ts";
import { oneLine } from "./terminal.ts";

export async function executeBuild(call: Call): Promise<number> {
  const config = await loadConfig();
  const voice = openPackageVoice(call);
  const [output, keyFile] = [call.text("output"), call.text("sign")];
  if (output !== undefined && !call.flag("force")) await refuseOthersFile(output);
  const key = keyFile === undefined ? undefined : await openCallsKey(keyFile, call, config, voice);
  await unlessInterrupted(build(call, config, key, voice), "no package was written: build again");
  return 0;
}

async function build(
  call: Call,
  config: Config,
  key: SigningKey | undefined,
  voice: PackageVoice,
): Promise<void> {
  const use = readPackageUse(call);
  await using program = new Program({ config, onWeakSandbox: () => {} });
  await using access = new PackageAccess(config, use);
  const path = call.operands[0]!;
  const made = await buildFolder(
    {
      path,
      key,
      onProgress: (part, doneBytes, totalBytes) => voice.progress?.({ part, doneBytes, totalBytes }),
    },
    (folder) => program.load({ path, folder, overrides: [], onUnfit: (why) => tellUnfit(why, voice) }, use),
    access,
  );
  await using source = made.source;
  const saved = await savePackage(source, call.text("output") ?? fileNameOf(made.name), call.flag("force"));
  voice.settle();
  for (const notice of made.built.notices) voice.notice(notice);
  tell(call, made, saved, key);
}

/** A laptop packs what a board runs: what only this machine lacks is no fault of the pipeline. */
function tellUnfit({ message, problems }: RemoteMediaError, voice: PackageVoice): void {
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  voice.notice(`this machine itself couldn't run it: ${oneLine(message)}${more}`);
}

/** A pipeline's name as the name of a file in this folder. */
export function fileNameOf(name: string): string {
  const safe = name
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^[.-]+/, "")
    .slice(0, 80);
  return `${safe === "" ? "pipeline" : safe}.rmpkg`;
}

function tell(
  { flag, terminal }: Call,
  { name, built }: BuiltFolder,
  { file, size }: SavedPackage,
  key: SigningKey | undefined,
): void {
  const { descriptor, layers } = built.manifest;
  if (flag("json")) {
    const document = {
      digest: descriptor.digest,
      file,
      size,
      name,
      parts: layers.map(({ path, kind, base, descriptor: { digest, size: bytes } }) => ({
        path,
        kind,
        digest,
        size: bytes,
        ...(base === undefined ? {} : { base }),
      })),
      signed: key === undefined ? null : { key_id: key.publicKey.keyId, provenance: true },
      notices: built.notices,
    };
    terminal.print(JSON.stringify(document, undefined, 2));
    return;
  }
  if (flag("quiet")) {
    terminal.print(descriptor.digest);
    return;
  }
  terminal.print(`${oneLine(file)}  ${formatBytes(size)}`);
  terminal.print(`name    ${oneLine(name)}`);
  terminal.print(`digest  ${descriptor.digest}`);
  terminal.print(
    `signed  ${key === undefined ? "no: remotemedia sign, or build --sign KEY" : `with ${key.publicKey.keyId}, and its provenance`}`,
  );
  if (layers.length === 0) return;
  terminal.print("");
  const table = formatTable(
    [
      { title: "part", text: ({ path }) => oneLine(path) },
      { title: "kind", text: ({ kind }) => kind },
      { title: "size", right: true, text: ({ descriptor: { size: bytes } }) => formatBytes(bytes) },
      { title: "digest", text: ({ descriptor: { digest } }) => digest.slice(0, 19) },
      { title: "base", text: ({ base }) => base ?? "" },
    ],
    layers,
  );
  terminal.print(table.join("\n"));
}
