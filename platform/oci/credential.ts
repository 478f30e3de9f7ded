// What one may show to a registry.

/** A name and a password; an identity token, which buys access tokens; or an access token itself. */
export type Credential =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly token: string }
  | { readonly kind: "registry-token"; readonly token: string };

/** Gives what is known for `host[:port]`. Asked at most once a client and host, and only when the registry wants something. */
export type FindCredential = (host: string) => Promise<Credential | undefined>;

/** The Authorization header of a name and a password. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}
