// A reference to a package in a registry: `oci://host[:port]/repository[:tag][@digest]`.
import { type Digest, isDigest } from "./digest.ts";
import { RemoteMediaError } from "./error.ts";
import { printable } from "./printable.ts";

export interface OciReference {
  /** `host` or `host:port`; IPv6 in brackets. */
  readonly host: string;
  /** Such as `cameras/doorbell`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

export const ociScheme = "oci://";

const hostPattern =
  /^(?:\[[0-9a-fA-F:]{2,45}\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*)(?::[1-9][0-9]{0,4})?$/;
/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests */
const repositoryPattern =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const maxNameLength = 255;

/** Whether a text means a registry rather than a file. */
export function isOciReference(text: string): boolean {
  return text.startsWith(ociScheme);
}

/** Takes nothing for granted: without tag and digest both are undefined. @throws RemoteMediaError `reference-invalid` */
export function parseOciReference(text: string): OciReference {
  const refuse = (why: string) =>
    new RemoteMediaError("reference-invalid", `${printable(text.slice(0, 400))} ${why}`, {
      hint: "a reference is oci://HOST[:PORT]/REPOSITORY[:TAG] or …@sha256:DIGEST",
    });
  if (!isOciReference(text)) throw refuse(`doesn't begin with ${ociScheme}`);
  const [head = "", digest, ...more] = text.slice(ociScheme.length).split("@");
  if (more.length > 0) throw refuse("has more than one @");
  if (digest !== undefined && !isDigest(digest))
    throw refuse("has a digest that isn't sha256: and 64 digits");
  const slash = head.indexOf("/");
  if (slash < 0) throw refuse("names no repository");
  const host = head.slice(0, slash);
  const [repository = "", tag, ...rest] = head.slice(slash + 1).split(":");
  if (!hostPattern.test(host) || Number(/:(\d+)$/.exec(host)?.[1] ?? 1) > 65_535)
    throw refuse("has no valid host");
  if (rest.length > 0) throw refuse("has more than one tag");
  if (host.length + 1 + repository.length > maxNameLength)
    throw refuse(`has a name longer than ${maxNameLength}`);
  if (!repositoryPattern.test(repository)) {
    throw refuse("has no valid repository: lower-case letters, digits and single . _ - between them");
  }
  if (tag !== undefined && !tagPattern.test(tag)) throw refuse("has no valid tag");
  return {
    host,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The text that `parseOciReference` takes. */
export function formatOciReference({ host, repository, tag, digest }: OciReference): string {
  return `${ociScheme}${host}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}
