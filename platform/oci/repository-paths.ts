// A repository's addresses, scopes and words for errors.
import type { OciReference } from "../base/oci-reference.ts";
import type { Doing } from "./refusal.ts";
import type { RegistryConnection } from "./registry-connection.ts";

/** What every request of a repository needs. */
export interface RepositoryAccess {
  readonly connection: RegistryConnection;
  readonly host: string;
  readonly name: string;
}

/** The path of something inside the repository. */
export function pathOf(name: string, rest: string): string {
  return `/v2/${name}/${rest}`;
}

export function pullScope(name: string): string {
  return `repository:${name}:pull`;
}

export function pushScope(name: string): string {
  return `repository:${name}:pull,push`;
}

/** What one is doing, for errors; `digest` is the blob's or manifest's. */
export function doing(
  { host, name }: Pick<OciReference, "host"> & { name: string },
  what: string,
  digest?: string,
): Doing {
  return { at: `${host}/${name}`, what, ...(digest === undefined ? {} : { where: { digest } }) };
}
