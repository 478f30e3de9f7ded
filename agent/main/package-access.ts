// What packages are handled with here: the store of this user, and registries. Each is loaded and opened at its first need.
import type { OciReference } from "../../platform/base/oci-reference.ts";
import type { PackageStore } from "../../platform/contract/package-store.ts";
import type { OpenRepository, Repository } from "../../platform/contract/registry.ts";
import type { Config } from "../config/config.ts";
import { dockerConfigFolder, plainEnvironment } from "./environment.ts";

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
    const [{ openRegistryClient }, { openDockerCredentials }] = await Promise.all([
      import("../../platform/oci/open-registry-client.ts"),
      import("../../platform/oci/docker-credentials.ts"),
    ]);
    const { caFile = this.#config.caFile, plainHttp = false } = this.#settings;
    return openRegistryClient({
      credentials: openDockerCredentials(dockerConfigFolder(), { env: plainEnvironment() }),
      plainHttp: plainHttp ? "all" : this.#config.plainHttpHosts,
      ...(caFile === undefined ? {} : { caFile }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#registry)?.[Symbol.asyncDispose]();
    await (await this.#store)?.[Symbol.asyncDispose]();
  }
}
