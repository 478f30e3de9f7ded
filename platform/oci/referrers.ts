// Who refers to a manifest: by the registry's referrers API, else by the tag that stands in for it.
import { type Digest, digestHex, isDigest } from "../base/digest.ts";
import { type Descriptor, imageIndexType, maxManifestBytes } from "../contract/oci.ts";
import { findManifest, writeManifest } from "./manifest-requests.ts";
import { nextLink } from "./next-link.ts";
import { readBounded } from "./read-bounded.ts";
import { addReferrer, maxReferrers, parseReferrers } from "./referrers-index.ts";
import { type Doing, registryError } from "./refusal.ts";
import type { RegistryReply } from "./registry-connection.ts";
import { doing, pathOf, pullScope, type RepositoryAccess } from "./repository-paths.ts";

const maxPages = 64;
/** How often the fallback tag is written and read again until our entry stays in it. */
const maxWrites = 8;

/** The tag that lists a manifest's referrers. @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema */
export function fallbackTag(subject: Digest): string {
  return `sha256-${digestHex(subject)}`;
}

/** Each once, in the registry's order, at most `maxReferrers`. */
export async function listReferrers(
  access: RepositoryAccess,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const what = doing(access, `listing the referrers of ${subject}`, subject);
  const found = (await askApi(access, subject, what)) ?? (await askTag(access, subject, what));
  return [...new Map(found.map((one) => [one.digest, one])).values()];
}

/** Undefined where the registry has no referrers API. */
async function askApi(
  access: RepositoryAccess,
  subject: Digest,
  what: Doing,
): Promise<readonly Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  let target: string | URL = pathOf(access.name, `referrers/${subject}`);
  for (let page = 0; page < maxPages; page++) {
    const reply: RegistryReply = await access.connection.send({
      method: "GET",
      target,
      headers: { accept: imageIndexType },
      scopes: [pullScope(access.name)],
      expect: page === 0 ? [200, 404, 405, 400, 501] : [200],
      doing: what,
    });
    const type = (reply.headers.get("content-type") ?? "").split(";", 1)[0]?.trim();
    // A page of a web site before the registry answers 200 to anything.
    if (reply.status !== 200 || (page === 0 && type !== imageIndexType)) {
      await reply.discard();
      return undefined;
    }
    found.push(...parseReferrers(await readBounded(reply, maxManifestBytes, "a list of referrers"), what));
    if (found.length > maxReferrers) {
      throw registryError("registry-failed", what, `the registry lists more than ${maxReferrers} of them`);
    }
    const next = nextLink(reply.headers.get("link"));
    if (next === undefined) return found;
    target = access.connection.resolve(next, reply, what);
  }
  throw registryError("registry-failed", what, `the registry's list has more than ${maxPages} pages`);
}

async function askTag(
  access: RepositoryAccess,
  subject: Digest,
  what: Doing,
): Promise<readonly Descriptor[]> {
  const index = await findManifest(access, fallbackTag(subject));
  return index === undefined ? [] : parseReferrers(index.bytes, what);
}

/** Enters a manifest in the fallback tag of its subject. Others may write the same tag at the same time, and the registry knows no
 * conditions: so it's read again until our entry is in it. */
export async function enterFallback(
  access: RepositoryAccess,
  subject: Digest,
  entry: Descriptor,
): Promise<void> {
  const tag = fallbackTag(subject);
  const what = doing(access, `entering ${entry.digest} at ${tag}`, subject);
  for (let attempt = 1; attempt <= maxWrites; attempt++) {
    const known = await findManifest(access, tag);
    const grown = addReferrer(known?.bytes, entry, what);
    if (grown === undefined) return;
    await writeManifest(access, grown, imageIndexType, tag);
    // Time for another writer's answer to what it read before ours.
    if (attempt > 1) await access.connection.pause(attempt, undefined);
  }
  throw registryError("registry-failed", what, "others write the same tag all the time", "try again later");
}

/** What a manifest says of itself as a referrer; undefined where it has no subject. */
export function referrerOf(
  bytes: Uint8Array,
  mediaType: string,
  digest: Digest,
): { readonly subject: Digest; readonly entry: Descriptor } | undefined {
  let manifest: Record<string, unknown> | null;
  try {
    manifest = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  const subject = (manifest?.["subject"] as { digest?: unknown } | null | undefined)?.digest;
  if (!isDigest(subject)) return undefined;
  const config = manifest?.["config"] as { mediaType?: unknown } | null | undefined;
  const artifactType = manifest?.["artifactType"] ?? config?.mediaType;
  const annotations = manifest?.["annotations"];
  return {
    subject,
    entry: {
      mediaType,
      digest,
      size: bytes.length,
      ...(typeof artifactType === "string" && artifactType !== "" ? { artifactType } : {}),
      ...(typeof annotations === "object" && annotations !== null
        ? { annotations: annotations as Record<string, string> }
        : {}),
    },
  };
}
