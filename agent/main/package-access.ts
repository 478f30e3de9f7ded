// What packages are handled with here: the store of this user, and registries. Each is loaded and opened at its first need.
import { readFile } from "node:fs/promises";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import type { OciReference } from "../../platform/base/oci-reference.ts";
import type { PackageStore } from "../../platform/contract/package-store.ts";
import type { OpenRepository, Repository } from "../../platform/contract/registry.ts";
import type { Config } from "../config/config.ts";
import { dockerConfigFolder } from "./environment.ts";

export interface RegistrySettings {
  /** Whether registries are spoken to without TLS; on the loopback they are, where they don't speak TLS. Default false. */
  readonly plainHttp?: boolean | undefined;
  /** A file of certificates, in PEM, that are trusted besides the system's; in place of the configuration's. */
  readonly caFile?: string | undefined;
}

export class PackageAccess implements AsyncDisposable {
  readonly #config: Config;
  readonly #settings: RegistrySettings;
  #store: Promise<PackageStore & AsyncDisposable> | undefined;
  #registry: Promise<OpenRepository & AsyncDisposable> | undefined;

  constructor(config: Config, settings: RegistrySettings = {}) {
    this.#config = config;
    this.#settings = settings;
  }

  /** @throws RemoteMediaError `store-failed` */
  store(): Promise<PackageStore> {
    this.#store ??= import("../../platform/store/open-package-store.ts").then(({ openPackageStore }) =>
      openPackageStore(this.#config.homeFolder),
    );
    return this.#store;
  }

  /** Makes no request. @throws RemoteMediaError `registry-denied` of credentials that can't be read, `registry-insecure` of authorities that can't */
  async repository(reference: OciReference): Promise<Repository> {
    this.#registry ??= this.#openRegistry();
    return (await this.#registry)(reference);
  }

  async #openRegistry(): Promise<OpenRepository & AsyncDisposable> {
    const { openRegistryClient } = await import("../../platform/oci/registry-client.ts");
    const { caFile = this.#config.caFile, plainHttp = false } = this.#settings;
    const ca = caFile === undefined ? undefined : await readAuthorities(caFile);
    return openRegistryClient({
      plainHttp: plainHttp ? true : this.#config.plainHttpHosts,
      dockerConfigFolder: dockerConfigFolder(),
      ...(ca === undefined ? {} : { ca }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#registry)?.[Symbol.asyncDispose]();
    await (await this.#store)?.[Symbol.asyncDispose]();
  }
}

async function readAuthorities(file: string): Promise<string> {
  const refuse = (why: string, cause?: unknown) =>
    new RemoteMediaError("registry-insecure", `the file of certificates ${why}`, {
      where: { file },
      hint: "--ca-file (or REMOTEMEDIA_CA_FILE) takes a file with certificates in PEM",
      cause,
    });
  const text = await readFile(file, "utf8").catch((thrown: unknown) => {
    throw refuse(`can't be read: ${toRemoteMediaError(thrown).message}`, thrown);
  });
  if (!text.includes("-----BEGIN CERTIFICATE-----")) throw refuse("has no certificate");
  return text;
}
