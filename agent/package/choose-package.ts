// Which manifest of an image index is the package; an index is attacker-controlled.
import { type Digest, parseDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { imageManifestType } from "../../platform/contract/oci.ts";
import { packageType } from "./package-manifest.ts";

const maxEntries = 1024;

/** The one manifest that calls itself a pipeline package; without any that does, the only manifest there is. An index in an index isn't
 * followed. `of` says in errors what the index is. @throws RemoteMediaError `package-invalid` */
export function choosePackage(index: Uint8Array, of: string): { readonly digest: Digest } {
  const refuse = (why: string) =>
    new RemoteMediaError("package-invalid", `${of} is an index ${why}`, {
      hint: "name the package by its own tag or digest",
    });
  const entries = parseEntries(index);
  if (entries === undefined) throw refuse("that can't be read");
  if (entries.length > maxEntries) throw refuse(`of more than ${maxEntries} manifests`);
  const manifests = entries.filter((entry) => entry?.["mediaType"] === imageManifestType);
  const named = manifests.filter((entry) => entry!["artifactType"] === packageType);
  const candidates = named.length === 0 ? manifests : named;
  if (candidates.length !== 1) throw refuse(`of ${candidates.length} manifests that could be the package`);
  return { digest: parseDigest(candidates[0]!["digest"], `a manifest of ${of}`) };
}

function parseEntries(index: Uint8Array): (Record<string, unknown> | undefined)[] | undefined {
  try {
    const { manifests } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(index));
    if (!Array.isArray(manifests)) return undefined;
    return manifests.map((entry) => (typeof entry === "object" && entry !== null ? entry : undefined));
  } catch {
    return undefined;
  }
}
