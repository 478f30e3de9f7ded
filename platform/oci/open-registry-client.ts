// The registry client: repositories of any registry that speaks OCI distribution, over connections that are shared by host.
import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { RemoteMediaError } from "../base/error.ts";
import type { OciReference } from "../base/oci-reference.ts";
import { type Clock, systemClock } from "../contract/clock.ts";
import type { OpenRepository, Repository } from "../contract/registry.ts";
import type { FindCredential } from "./credential.ts";
import { type HttpTransport, openHttpTransport } from "./http-transport.ts";
import { digestOf, readManifest, resolveManifest, writeManifest } from "./manifest-requests.ts";
import { hasBlob, readBlob, sizeOfBlob } from "./read-blob.ts";
import { enterFallback, listReferrers, referrerOf } from "./referrers.ts";
import { RegistryConnection } from "./registry-connection.ts";
import type { RepositoryAccess } from "./repository-paths.ts";
import type { Sleep } from "./retry.ts";
import { writeBlob } from "./write-blob.ts";

export interface RegistryClientOptions {
  /** What is known for a registry; default: nothing. `openDockerCredentials` gives such a function. */
  readonly credentials?: FindCredential;
  /** Registries, as `host[:port]`, that are spoken to without TLS, or `"all"`; loopback hosts always may be. */
  readonly plainHttp?: readonly string[] | "all";
  /** A file with certificates in PEM, of authorities that are believed beside the built-in ones. */
  readonly caFile?: string;
  readonly userAgent?: string;
  /** How long a registry may move no byte, in milliseconds; default 60,000. */
  readonly idleMs?: number;
  /** What the age of tokens is measured with. */
  readonly clock?: Clock;
  /** Waits between tries. */
  readonly sleep?: Sleep;
  /** 0 to 1, for waits that differ from device to device. */
  readonly chance?: () => number;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
}

/** Opens repositories; disposed when no more are used. */
export type RegistryClient = OpenRepository & AsyncDisposable;

/** @throws RemoteMediaError `registry-insecure` where `caFile` can't be read or holds no certificate; what repositories throw is in `Repository` */
export function openRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const transport = openHttpTransport({
    idleMs: options.idleMs ?? 60_000,
    authorities: options.caFile === undefined ? undefined : readAuthorities(options.caFile),
    userAgent: options.userAgent ?? "remotemedia",
  });
  const connections = new Map<string, RegistryConnection>();
  const open = ({ host, repository }: OciReference): Repository => {
    let connection = connections.get(host);
    if (connection === undefined) {
      connection = connect(host, transport, options);
      connections.set(host, connection);
    }
    return repositoryOf({ connection, host, name: repository });
  };
  return Object.assign(open, { [Symbol.asyncDispose]: async () => connections.clear() });
}

/** The registry that is meant by a host: Docker Hub answers under another name than it is called by. */
function connect(host: string, transport: HttpTransport, options: RegistryClientOptions): RegistryConnection {
  const { plainHttp = [] } = options;
  return new RegistryConnection({
    host: host === "docker.io" || host === "index.docker.io" ? "registry-1.docker.io" : host,
    transport,
    findCredential: options.credentials ?? (async () => undefined),
    allowPlain: (asked) => plainHttp === "all" || plainHttp.includes(asked),
    clock: options.clock ?? systemClock,
    sleep: options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
    chance: options.chance ?? Math.random,
    nowMs: options.nowMs ?? Date.now,
  });
}

function repositoryOf(access: RepositoryAccess): Repository {
  return {
    host: access.host,
    name: access.name,
    resolve: (tagOrDigest) => resolveManifest(access, tagOrDigest),
    readManifest: (tagOrDigest) => readManifest(access, tagOrDigest),
    hasBlob: (blob) => hasBlob(access, blob),
    sizeOfBlob: (digest) => sizeOfBlob(access, digest),
    readBlob: (blob, offset) => readBlob(access, blob, offset),
    writeBlob: (upload) => writeBlob(access, upload),
    listReferrers: (subject) => listReferrers(access, subject),
    async writeManifest(bytes, mediaType, tag) {
      const digest = digestOf(bytes);
      const written = await writeManifest(access, bytes, mediaType, tag ?? digest);
      const referrer = referrerOf(bytes, mediaType, digest);
      if (referrer !== undefined && written.subject !== referrer.subject) {
        await enterFallback(access, referrer.subject, referrer.entry);
      }
      return { digest };
    },
  };
}

function readAuthorities(file: string): readonly string[] {
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (cause) {
    const why = "the file of authorities can't be read";
    throw new RemoteMediaError("registry-insecure", why, { where: { file }, cause });
  }
  const found = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,65536}-----END CERTIFICATE-----/g);
  if (found !== null) return [...rootCertificates, ...found];
  throw new RemoteMediaError("registry-insecure", "the file of authorities holds no certificate", {
    where: { file },
    hint: "certificates in PEM are taken, each between BEGIN CERTIFICATE and END CERTIFICATE",
  });
}
