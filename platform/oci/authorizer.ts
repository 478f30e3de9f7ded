// What a request shows to the registry: nothing until it asks, then what it asked for, and that at once from there on.

import { printable } from "../base/printable.ts";
import type { Credential, FindCredential } from "./credential.ts";
import { basicAuthorization } from "./credential.ts";
import { type Challenge, parseChallenges } from "./parse-challenge.ts";
import { type Doing, registryError } from "./refusal.ts";
import type { TokenSource } from "./token-source.ts";

export interface AuthorizerOptions {
  /** `host[:port]` as the user wrote it: what credentials are stored under. */
  readonly host: string;
  readonly findCredential: FindCredential;
  readonly tokens: TokenSource;
  readonly mayBePlain: (url: URL) => boolean;
}

/** How many times one request is shown again after a 401: with what the registry asks for, and with a renewed token. */
export const maxAuthorizations = 2;
const loginHint = "log in first, as with `docker login`; its config.json and credential helpers are read";

export class Authorizer {
  readonly #options: AuthorizerOptions;
  #challenge: Challenge | undefined;
  #credential: Promise<Credential | undefined> | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The Authorization header for a request of these scopes, as far as is known yet. */
  async authorization(scopes: readonly string[], doing: Doing): Promise<string | undefined> {
    return this.#challenge === undefined ? undefined : this.#answer(this.#challenge, scopes, false, doing);
  }

  /** The header after a 401. @throws RemoteMediaError `registry-denied` where there's nothing to show */
  async renew(header: string | null, scopes: readonly string[], doing: Doing): Promise<string> {
    const known = parseChallenges(header);
    const challenge =
      known.find((one) => one.scheme === "bearer") ?? known.find((one) => one.scheme === "basic");
    if (challenge === undefined) {
      const asked = printable(header ?? "", 100);
      throw registryError(
        "registry-denied",
        doing,
        `the registry answered 401 and asks for ${asked === "" ? "nothing that we know" : `“${asked}”`}; Basic and Bearer are known`,
      );
    }
    const before = this.#challenge;
    this.#challenge = challenge;
    return this.#answer(challenge, scopes, before !== undefined, doing);
  }

  async #answer(
    challenge: Challenge,
    scopes: readonly string[],
    refresh: boolean,
    doing: Doing,
  ): Promise<string> {
    const { host, findCredential, tokens } = this.#options;
    this.#credential ??= findCredential(host);
    const credential = await this.#credential;
    if (credential?.kind === "registry-token") return `Bearer ${credential.token}`;
    if (challenge.scheme === "bearer") {
      const realm = this.#realm(challenge, doing);
      const service = challenge.params.get("service");
      const wish = { realm, service, scopes, credential };
      const asking = { ...doing, what: `${doing.what}: asking ${printable(realm.host, 200)} for a token` };
      return `Bearer ${await tokens.get(wish, refresh, asking)}`;
    }
    if (credential?.kind === "password") return basicAuthorization(credential.username, credential.password);
    const why = "the registry wants a name and a password, and none are stored for it";
    throw registryError("registry-denied", doing, why, loginHint);
  }

  #realm(challenge: Challenge, doing: Doing): URL {
    const text = challenge.params.get("realm") ?? "";
    const realm = URL.canParse(text) ? new URL(text) : undefined;
    if (
      realm === undefined ||
      !/^https?:$/.test(realm.protocol) ||
      realm.username !== "" ||
      realm.password !== ""
    ) {
      throw registryError(
        "registry-failed",
        doing,
        `the registry names “${printable(text)}” as its token endpoint`,
      );
    }
    if (realm.protocol === "http:" && !this.#options.mayBePlain(realm)) {
      const why = `the token endpoint ${printable(realm.origin, 200)} is plain HTTP`;
      throw registryError("registry-insecure", doing, why);
    }
    return realm;
  }
}
