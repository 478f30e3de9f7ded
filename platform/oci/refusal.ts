// What a registry's refusal means: its status and its own words, as an error that names host and repository.
import { type ErrorDetail, type ErrorWhere, RemoteMediaError } from "../base/error.ts";
import type { ErrorCode } from "../base/error-codes.ts";
import { printable } from "../base/printable.ts";
import type { HttpReply } from "./http-transport.ts";
import { readBounded } from "./read-bounded.ts";

const maxErrorBytes = 64 * 1024;
const maxErrorsTold = 3;

/** What one was doing, for errors: `registry.example/a/b: reading the manifest latest`. */
export interface Doing {
  /** `host/repository`, or `host` alone. */
  readonly at: string;
  /** Such as `reading the manifest latest`. */
  readonly what: string;
  readonly where?: ErrorWhere;
}

/** A registry's answer of a status that isn't what was hoped for. */
export class RegistryRefusal extends RemoteMediaError {
  readonly status: number;
  /** The header, as it came. */
  readonly retryAfter: string | null;

  constructor(error: RemoteMediaError, reply: HttpReply) {
    super(error.code, error.message, detailOf(error.where, error.hint, undefined));
    this.status = reply.status;
    this.retryAfter = reply.headers.get("retry-after");
  }
}

/** The error of an answer. Reads its body, bounded; what fails there is left out. */
export async function refusal(reply: HttpReply, doing: Doing): Promise<RegistryRefusal> {
  const words = await toldBy(reply);
  const code = codeOf(reply.status);
  const why = `the registry answered ${reply.status}${words}`;
  return new RegistryRefusal(registryError(code, doing, why, hintOf(code, reply.status)), reply);
}

/** An error that says where one was and what one did. */
export function registryError(
  code: ErrorCode,
  doing: Doing,
  why: string,
  hint?: string,
  cause?: unknown,
): RemoteMediaError {
  const detail = detailOf(doing.where, hint, cause);
  return new RemoteMediaError(
    code,
    `${printable(doing.at, 300)}: ${printable(doing.what, 200)}: ${why}`,
    detail,
  );
}

function detailOf(where: ErrorWhere | undefined, hint: string | undefined, cause: unknown): ErrorDetail {
  return {
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** What the transport threw, told with where one was; what says so already stays as it is. */
export function inContext(thrown: unknown, doing: Doing): unknown {
  if (!(thrown instanceof RemoteMediaError) || thrown.code === "internal") return thrown;
  if (thrown.message.startsWith(`${printable(doing.at, 300)}: `)) return thrown;
  return registryError(thrown.code, doing, thrown.message, thrown.hint, thrown);
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return "registry-denied";
  if (status === 404) return "registry-missing";
  return "registry-failed";
}

function hintOf(code: ErrorCode, status: number): string | undefined {
  if (code === "registry-denied") {
    return "check that this user may do this there, and that `docker login` or its like has stored the right credentials";
  }
  if (status === 413) return "the registry, or a proxy before it, takes no body this large";
  return status === 429 || status >= 500 ? "try again later" : undefined;
}

/** ` (CODE: message; …)` from the registry's own `errors[]`. @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
async function toldBy(reply: HttpReply): Promise<string> {
  try {
    const text = Buffer.from(await readBounded(reply, maxErrorBytes, "an error")).toString("utf8");
    const { errors } = JSON.parse(text) as { errors?: unknown };
    if (!Array.isArray(errors)) return "";
    const told = errors.slice(0, maxErrorsTold).map((error: { code?: unknown; message?: unknown } | null) =>
      [error?.code, error?.message]
        .filter((part) => typeof part === "string")
        .map((part) => printable(part))
        .filter((part) => part !== "")
        .join(": "),
    );
    const words = told.filter((line) => line !== "").join("; ");
    return words === "" ? "" : ` (${words})`;
  } catch {
    return "";
  }
}
