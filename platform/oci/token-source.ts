// Access tokens of registries that use Bearer: bought from the token endpoint, kept until shortly before they end.
import type { Clock } from "../contract/clock.ts";
import { basicAuthorization, type Credential } from "./credential.ts";
import type { HttpReply, HttpRequest } from "./http-transport.ts";
import { readBounded } from "./read-bounded.ts";
import { type Doing, refusal, registryError } from "./refusal.ts";

/** A GET or POST that is tried again, and that follows no redirect with what it shows. */
export type AskTokenEndpoint = (request: HttpRequest, doing: Doing) => Promise<HttpReply>;

/** What to ask for and where, from a Bearer challenge. */
export interface TokenWish {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credential: Credential | undefined;
}

const maxAnswerBytes = 256 * 1024;
const maxTokenLength = 32 * 1024;
/** What a token is good for where its giver doesn't say, and the bounds of what it may say. @see https://distribution.github.io/distribution/spec/auth/token/ */
const defaultLifeMs = 60_000;
const longestLifeMs = 24 * 3600_000;
const clientId = "remotemedia";

export class TokenSource {
  readonly #ask: AskTokenEndpoint;
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly token: string; readonly endsMs: number }>();

  constructor(ask: AskTokenEndpoint, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** A token for the wish; `refresh`: the kept one was refused. @throws RemoteMediaError `registry-denied`, `registry-failed`, … */
  async get(wish: TokenWish, refresh: boolean, doing: Doing): Promise<string> {
    const key = JSON.stringify([wish.realm.href, wish.service, wish.scopes]);
    const kept = this.#kept.get(key);
    if (!refresh && kept !== undefined && kept.endsMs > this.#clock.monotonicMs()) return kept.token;
    const reply = await this.#ask(requestFor(wish), doing);
    if (reply.status !== 200) throw await refusal(reply, doing);
    const { token, lifeMs } = parseToken(await readBounded(reply, maxAnswerBytes, "a token"), doing);
    // A tenth of its life is left to the request that carries it.
    this.#kept.set(key, { token, endsMs: this.#clock.monotonicMs() + lifeMs * 0.9 });
    return token;
  }
}

function requestFor({ realm, service, scopes, credential }: TokenWish): HttpRequest {
  if (credential?.kind === "identity-token") {
    const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: credential.token });
    form.set("client_id", clientId);
    if (service !== undefined) form.set("service", service);
    form.set("scope", scopes.join(" "));
    return {
      method: "POST",
      url: realm,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new TextEncoder().encode(form.toString()),
    };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (credential?.kind !== "password") return { method: "GET", url, headers: {} };
  url.searchParams.set("account", credential.username);
  const authorization = basicAuthorization(credential.username, credential.password);
  return { method: "GET", url, headers: { authorization } };
}

function parseToken(bytes: Uint8Array, doing: Doing): { token: string; lifeMs: number } {
  let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown } | null;
  try {
    answer = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw registryError("registry-failed", doing, "the token endpoint's answer isn't JSON", undefined, cause);
  }
  const token = answer?.token || answer?.access_token;
  if (typeof token !== "string" || token.length > maxTokenLength || !/^[\x21-\x7e]+$/.test(token)) {
    throw registryError("registry-failed", doing, "the token endpoint's answer holds no token");
  }
  const life = answer?.expires_in;
  const lifeMs = typeof life === "number" && life > 0 ? Math.min(life * 1000, longestLifeMs) : defaultLifeMs;
  return { token, lifeMs };
}
