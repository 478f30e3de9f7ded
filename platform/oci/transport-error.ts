// What a broken exchange means: the runtime's words for sockets, TLS and HTTP in ours.
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";

const malformed = /^(InvalidContentLength|InvalidHTTPResponse|Malformed_HTTP_Response|HTTP[A-Z]|Unrequested)/;
const tls = /CERT|SSL|TLS|EPROTO|ALTNAME|SELF_SIGNED|HOSTNAME_MISMATCH|UNABLE_TO_/;

/** Ours as it is when it names the host already; the runtime's by its code. */
export function transportError(url: URL, thrown: unknown): RemoteMediaError {
  const host = printable(url.host, 300);
  const message = printable(thrown instanceof Error ? thrown.message : String(thrown), 200);
  if (thrown instanceof RemoteMediaError) {
    return message.includes(host) || thrown.code === "internal" || thrown.family !== "remote"
      ? thrown
      : new RemoteMediaError(thrown.code, `${host}: ${message}`, { cause: thrown });
  }
  const code = String((thrown as { code?: unknown } | null)?.code ?? "");
  if (tls.test(code)) {
    return new RemoteMediaError("registry-insecure", `${host} can't be trusted to be itself: ${message}`, {
      hint: "give the certificate of the authority that signed the registry's own, or, for a registry without TLS, allow plain HTTP",
      cause: thrown,
    });
  }
  if (malformed.test(code)) {
    return new RemoteMediaError("registry-failed", `${host} answered what isn't HTTP: ${printable(code)}`, {
      cause: thrown,
    });
  }
  return new RemoteMediaError("registry-unreachable", `${host} can't be reached: ${message}`, {
    hint: "check the host, the port and the network, and try again",
    cause: thrown,
  });
}
