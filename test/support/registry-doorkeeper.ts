// Who is let in by the test's own registry: everybody, Basic, or Bearer with a token endpoint of its own.
import { randomUUID } from "node:crypto";
import { answer, refuse } from "./registry-answers.ts";
import { testCredential } from "./registry-peers.ts";

export interface DoorOptions {
  readonly auth?: "basic" | "bearer";
  /** With `bearer`: whether pulling needs no login, as with public repositories; a token is needed all the same. Default false. */
  readonly anonymousPull?: boolean;
  /** With `bearer`: how long a token is taken. Default 300 seconds. */
  readonly tokenSeconds?: number;
  /** With `bearer`: for how many requests a token is taken. Default: any number. */
  readonly tokenUses?: number;
}

interface Token {
  /** `repository:NAME:ACTION` each. */
  readonly rights: ReadonlySet<string>;
  readonly untilMs: number;
  usesLeft: number;
}

const basicText = `Basic ${btoa(`${testCredential.username}:${testCredential.password}`)}`;

/** @see https://distribution.github.io/distribution/spec/auth/token/ */
export class Doorkeeper {
  readonly #options: DoorOptions;
  readonly #tokens = new Map<string, Token>();
  readonly #refreshToken = randomUUID();

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Gives the refusal; undefined for who may come in. `needed` is `repository:NAME:ACTION`, or "" where any login will do. */
  refusal(request: Request, needed: string): Response | undefined {
    const { auth } = this.#options;
    const said = request.headers.get("Authorization");
    if (auth === undefined) return undefined;
    if (auth === "basic") {
      if (said === basicText) return undefined;
      return refuse("UNAUTHORIZED", "log in", { "WWW-Authenticate": 'Basic realm="test"' });
    }
    if (this.#takes(said, needed)) return undefined;
    const [, name, action] = needed.split(":");
    const actions = action === "push" ? "pull,push" : action;
    const scope = needed === "" ? "" : `,scope="repository:${name}:${actions}"`;
    const realm = `${new URL(request.url).origin}/token`;
    return refuse("UNAUTHORIZED", "a token is needed", {
      "WWW-Authenticate": `Bearer realm="${realm}",service="test registry"${scope}`,
    });
  }

  /** Whether the request's token has this right as well, of another repository. Uses nothing up. */
  has(request: Request, right: string): boolean {
    if (this.#options.auth !== "bearer") return true;
    return this.#find(request.headers.get("Authorization"))?.rights.has(right) === true;
  }

  /** The token endpoint: GET with Basic, or POST as OAuth 2 has it. */
  async giveToken(request: Request): Promise<Response> {
    if (this.#options.auth !== "bearer") return answer(404);
    const form =
      request.method === "POST"
        ? new URLSearchParams(await request.text())
        : new URL(request.url).searchParams;
    if (form.get("service") !== "test registry") return refuse("DENIED", "this is no service of ours");
    const isUser = request.method === "POST" ? this.#isUser(form) : this.#hasBasic(request);
    if (isUser === "wrong") return refuse("UNAUTHORIZED", "wrong name or password");
    const rights = form
      .getAll("scope")
      .flatMap((scope) => scope.split(" "))
      .flatMap((scope) => {
        const [kind, name, actions = ""] = scope.split(":");
        return actions.split(",").map((action) => `${kind}:${name}:${action}`);
      })
      .filter(
        (right) => isUser === "yes" || (this.#options.anonymousPull === true && right.endsWith(":pull")),
      );
    const seconds = this.#options.tokenSeconds ?? 300;
    const token = randomUUID();
    this.#tokens.set(token, {
      rights: new Set(rights),
      untilMs: performance.now() + seconds * 1000,
      usesLeft: this.#options.tokenUses ?? Number.POSITIVE_INFINITY,
    });
    const refresh = isUser === "yes" ? { refresh_token: this.#refreshToken } : {};
    return Response.json({ token, access_token: token, expires_in: seconds, ...refresh });
  }

  #takes(said: string | null, needed: string): boolean {
    const token = this.#find(said);
    if (token === undefined || (needed !== "" && !token.rights.has(needed))) return false;
    token.usesLeft -= 1;
    return true;
  }

  #find(said: string | null): Token | undefined {
    const token = this.#tokens.get(said?.replace(/^Bearer /i, "") ?? "");
    return token !== undefined && token.usesLeft > 0 && performance.now() < token.untilMs ? token : undefined;
  }

  #hasBasic(request: Request): "yes" | "anonymous" | "wrong" {
    const said = request.headers.get("Authorization");
    if (said === null) return "anonymous";
    return said === basicText ? "yes" : "wrong";
  }

  #isUser(form: URLSearchParams): "yes" | "wrong" {
    const isRefresh =
      form.get("grant_type") === "refresh_token" && form.get("refresh_token") === this.#refreshToken;
    const isPassword =
      form.get("grant_type") === "password" &&
      form.get("username") === testCredential.username &&
      form.get("password") === testCredential.password;
    return isRefresh || isPassword ? "yes" : "wrong";
  }
}
