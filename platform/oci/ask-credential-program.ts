// docker-credential-X: a program that keeps credentials. Asked with a deadline, and heard up to a limit.
import { spawn } from "node:child_process";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import type { Credential } from "./credential.ts";

export interface HelperOptions {
  /** How long a helper may take, in milliseconds; default 30,000: it may have to ask its user. */
  readonly helperMs?: number;
  /** The helper's environment; default: this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

const maxAnswerBytes = 256 * 1024;

interface Answer {
  readonly status: number | null;
  readonly text: string;
}

/** What the helper has for a server; undefined where it has nothing. @throws RemoteMediaError `registry-denied`
 * @see https://github.com/docker/docker-credential-helpers#development */
export async function askCredentialHelper(
  name: string,
  server: string,
  options: HelperOptions,
): Promise<Credential | undefined> {
  // It becomes a program's name.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/.test(name)) {
    throw refuse(printable(name, 64), "that is no helper's name");
  }
  const { status, text } = await run(`docker-credential-${name}`, server, name, options);
  if (status !== 0) {
    if (/credentials not found/i.test(text)) return undefined;
    throw refuse(name, `it ended with ${status ?? "a signal"}: ${printable(text) || "and said nothing"}`);
  }
  return parseAnswer(text, name);
}

function run(program: string, input: string, name: string, options: HelperOptions): Promise<Answer> {
  const { helperMs = 30_000 } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const env = options.env === undefined ? {} : { env: { ...options.env } };
  const child = spawn(program, ["get"], { stdio: ["pipe", "pipe", "ignore"], ...env });
  const stop = (why: string) => {
    child.kill("SIGKILL");
    // A grandchild may hold the pipe.
    child.stdout.destroy();
    reject(refuse(name, why));
  };
  const timer = setTimeout(() => stop(`it gave no answer within ${helperMs} ms`), helperMs);
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxAnswerBytes) stop(`its answer is larger than ${maxAnswerBytes} bytes`);
    else chunks.push(chunk);
  });
  child.on("error", (cause) => reject(refuse(name, `${program} can't be started`, cause)));
  child.on("close", (status) => resolve({ status, text: Buffer.concat(chunks).toString("utf8") }));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return promise.finally(() => clearTimeout(timer));
}

function parseAnswer(text: string, name: string): Credential | undefined {
  let answer: { Username?: unknown; Secret?: unknown } | null;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw refuse(name, "its answer isn't JSON", cause);
  }
  const { Username: username, Secret: secret } = answer ?? {};
  if (typeof username !== "string" || typeof secret !== "string") {
    throw refuse(name, "its answer has no Username and Secret");
  }
  if (secret === "") return undefined;
  if (username === "<token>") return { kind: "identity-token", token: secret };
  return { kind: "password", username, password: secret };
}

function refuse(name: string, why: string, cause?: unknown): RemoteMediaError {
  return new RemoteMediaError("registry-denied", `the credential helper ${name}: ${why}`, {
    hint: "install or mend docker-credential-…, or take it out of docker's config.json",
    ...(cause === undefined ? {} : { cause }),
  });
}
