// Where a registry may send us on to. The address is attacker-controlled.
import { printable } from "../base/printable.ts";
import { type Doing, registryError } from "./refusal.ts";

export const maxRedirects = 5;

export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** `127.0.0.0/8`, `::1` and `localhost`, as a URL's host name. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/** The address that `location` means, seen from `from`. TLS is never left, except by a registry behind a proxy that names itself by plain
 * HTTP: there its TLS is kept. @throws RemoteMediaError `registry-failed` (no address), `registry-insecure` (leaves TLS, or the loopback) */
export function resolveLocation(
  location: string | null,
  from: URL,
  mayBePlain: (url: URL) => boolean,
  doing: Doing,
): URL {
  const shown = printable(location ?? "none", 200);
  if (location === null || location.length > 8192 || !URL.canParse(location, from.href)) {
    throw registryError("registry-failed", doing, `the registry sends us to ${shown}, which is no address`);
  }
  const to = new URL(location, from);
  to.hash = "";
  if ((to.protocol !== "https:" && to.protocol !== "http:") || to.username !== "" || to.password !== "") {
    throw registryError("registry-failed", doing, `the registry sends us to ${shown}, which we don't follow`);
  }
  if (to.protocol === "https:") return to;
  if (from.protocol === "https:") {
    if (to.hostname !== from.hostname) {
      throw registryError(
        "registry-insecure",
        doing,
        `the registry sends us from TLS to plain HTTP at ${shown}`,
      );
    }
    return new URL(`${from.origin}${to.pathname}${to.search}`);
  }
  if (!mayBePlain(to)) {
    throw registryError("registry-insecure", doing, `the registry sends us to plain HTTP at ${shown}`);
  }
  return to;
}
