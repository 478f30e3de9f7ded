// One registry: sends requests to it until they're answered, with what it wants shown, with waits, and by the redirects that may be followed.
import { type RemoteMediaError, toRemoteMediaError } from "../base/error.ts";
import type { Clock } from "../contract/clock.ts";
import { Authorizer, maxAuthorizations } from "./authorizer.ts";
import type { FindCredential } from "./credential.ts";
import { isLoopback, isRedirect, maxRedirects, resolveLocation } from "./follow-redirect.ts";
import type { HttpReply, HttpRequest, HttpTransport } from "./http-transport.ts";
import { type Doing, inContext, RegistryRefusal, refusal, registryError } from "./refusal.ts";
import { isPassing, isPassingError, maxTries, type Sleep, waitMs } from "./retry.ts";
import { TokenSource } from "./token-source.ts";

export interface ConnectionOptions {
  /** `host[:port]`. */
  readonly host: string;
  readonly transport: HttpTransport;
  readonly findCredential: FindCredential;
  /** Whether plain HTTP is allowed to `host[:port]`, beyond the loopback. */
  readonly allowPlain: (host: string) => boolean;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly chance: () => number;
  /** Milliseconds since 1970: what a date in `Retry-After` is measured against. */
  readonly nowMs: () => number;
}

export interface RegistryRequest {
  readonly method: HttpRequest["method"];
  /** A path with its query, or an address that the registry gave. */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest["body"];
  /** Such as `repository:a/b:pull`. */
  readonly scopes: readonly string[];
  /** Statuses that the caller understands; any other is thrown as a refusal. */
  readonly expect: readonly number[];
  /** Whether the same request may be sent again after it broke or was refused for now; default true. */
  readonly repeatable?: boolean;
  readonly doing: Doing;
}

export interface RegistryReply extends HttpReply {
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

export class RegistryConnection {
  readonly #options: ConnectionOptions;
  readonly #authorizer: Authorizer;
  #origin: Promise<string> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const tokens = new TokenSource((request, doing) => this.#askToken(request, doing), options.clock);
    const { host, findCredential } = options;
    this.#authorizer = new Authorizer({ host, findCredential, tokens, mayBePlain: this.mayBePlain });
  }

  /** Whether this address may be spoken to without TLS. */
  readonly mayBePlain = (url: URL): boolean => isLoopback(url.hostname) || this.#options.allowPlain(url.host);

  /** The registry's answer of an expected status. @throws RemoteMediaError as `Repository` says */
  async send(request: RegistryRequest): Promise<RegistryReply> {
    try {
      return await this.#patiently(request.repeatable !== false, async () => {
        const reply = await this.#authorized(request);
        if (request.expect.includes(reply.status)) return reply;
        throw await refusal(reply, request.doing);
      });
    } catch (error) {
      throw inContext(error, request.doing);
    }
  }

  /** The address that a `Location` header means. */
  resolve(location: string | null, reply: RegistryReply, doing: Doing): URL {
    return resolveLocation(location, reply.url, this.mayBePlain, doing);
  }

  async #authorized(request: RegistryRequest): Promise<RegistryReply> {
    const origin = await this.#findOrigin(request.doing);
    const url = new URL(request.target, origin);
    let authorization = await this.#authorizer.authorization(request.scopes, request.doing);
    for (let again = 0; ; again++) {
      const reply = await this.#follow({ ...request, url }, origin, authorization);
      // A storage host's 401 is none of the registry's.
      if (reply.status !== 401 || again === maxAuthorizations || reply.url.origin !== origin) return reply;
      await reply.discard();
      const challenge = reply.headers.get("www-authenticate");
      authorization = await this.#authorizer.renew(challenge, request.scopes, request.doing);
    }
  }

  /** What is shown to the registry is shown to nobody else: another origin gets the bare request. */
  async #follow(
    request: Omit<RegistryRequest, "target"> & { url: URL },
    origin: string,
    authorization: string | undefined,
  ): Promise<RegistryReply> {
    let { url } = request;
    for (let hops = 0; ; hops++) {
      const shown = authorization !== undefined && url.origin === origin ? { authorization } : {};
      const { method, body } = request;
      const headers = { ...request.headers, ...shown };
      const reply = await this.#options.transport({
        method,
        url,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const follows =
        method === "GET" || method === "HEAD"
          ? isRedirect(reply.status)
          : reply.status === 307 || reply.status === 308;
      if (!follows) return { ...reply, url };
      await reply.discard();
      if (hops === maxRedirects) {
        throw registryError("registry-failed", request.doing, `more than ${maxRedirects} redirects`);
      }
      url = resolveLocation(reply.headers.get("location"), url, this.mayBePlain, request.doing);
    }
  }

  async #askToken(request: HttpRequest, doing: Doing): Promise<HttpReply> {
    return this.#patiently(true, async () => {
      const reply = await this.#options.transport(request);
      if (isRedirect(reply.status)) {
        await reply.discard();
        throw registryError("registry-failed", doing, "the token endpoint sends us elsewhere");
      }
      if (!isPassing(reply.status)) return reply;
      throw await refusal(reply, doing);
    });
  }

  /** Tries again what may pass, at most `maxTries` times in all. */
  async #patiently<T>(repeatable: boolean, once: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once();
      } catch (thrown) {
        if (!repeatable || attempt === maxTries || !isPassingError(thrown)) throw thrown;
        await this.pause(attempt, thrown);
      }
    }
  }

  /** Waits before try `attempt + 1`: as long as the registry asked for, where what was thrown says so. */
  async pause(attempt: number, thrown: unknown): Promise<void> {
    const { sleep, nowMs, chance } = this.#options;
    const retryAfter = thrown instanceof RegistryRefusal ? thrown.retryAfter : null;
    await sleep(waitMs(attempt, retryAfter, nowMs(), chance()));
  }

  #findOrigin(doing: Doing): Promise<string> {
    this.#origin ??= this.#probe(doing).catch((error) => {
      this.#origin = undefined;
      throw error;
    });
    return this.#origin;
  }

  /** TLS, except where plain HTTP was allowed; a loopback host is asked which of them it speaks, with nothing shown. */
  async #probe(doing: Doing): Promise<string> {
    const { host, allowPlain, transport } = this.#options;
    if (allowPlain(host)) return new URL(`http://${host}`).origin;
    const secure = new URL(`https://${host}`).origin;
    const plain = new URL(`http://${host}`);
    if (!isLoopback(plain.hostname)) return secure;
    const asked = await ask(transport, plain);
    // 400 is what servers with TLS answer to plain HTTP, where they answer at all.
    if (typeof asked === "number" && asked !== 400) return plain.origin;
    const answered = await ask(transport, new URL(secure));
    if (typeof answered === "number" || (answered.code === "registry-insecure" && !isNoTls(answered))) {
      return secure;
    }
    if (typeof asked === "number") return plain.origin;
    throw registryError(asked.code, doing, asked.message, asked.hint, asked.cause);
  }
}

async function ask(transport: HttpTransport, origin: URL): Promise<number | RemoteMediaError> {
  try {
    const reply = await transport({ method: "GET", url: new URL("/v2/", origin), headers: {} });
    await reply.discard();
    return reply.status;
  } catch (error) {
    return toRemoteMediaError(error);
  }
}

/** Whether nothing on the other side spoke TLS, rather than TLS that isn't trusted. */
function isNoTls(error: RemoteMediaError): boolean {
  return (error.cause as { code?: unknown } | undefined)?.code === "EPROTO";
}
