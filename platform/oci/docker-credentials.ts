// Credentials as docker keeps them: config.json with `auths`, and the helpers that it names.
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import { askCredentialHelper, type HelperOptions } from "./ask-credential-program.ts";
import type { Credential, FindCredential } from "./credential.ts";

type Fields = Readonly<Record<string, unknown>>;

const maxConfigBytes = 4 * 1024 * 1024;
/** What Docker Hub is stored under. */
const hubKey = "https://index.docker.io/v1/";
const hubHosts = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/** Looks a host up in the `config.json` of `folder` (what `DOCKER_CONFIG` names): `credHelpers`, then `credsStore`, then `auths`. A file that isn't there knows nobody.
 * @throws RemoteMediaError from the lookup: `registry-denied` where the file can't be read as what it is, or a helper fails
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores */
export function openDockerCredentials(folder: string, options: HelperOptions = {}): FindCredential {
  const configFile = join(folder, "config.json");
  let reading: Promise<Fields> | undefined;
  return async (host) => {
    reading ??= readConfig(configFile);
    const config = await reading;
    const key = hubHosts.includes(host) ? hubKey : host;
    const helper = text(own(fields(own(config, "credHelpers")), host)) ?? text(own(config, "credsStore"));
    if (helper !== undefined && helper !== "") {
      const found = await askCredentialHelper(helper, key, options);
      if (found !== undefined) return found;
    }
    return readAuth(authOf(fields(own(config, "auths")), key), host, configFile);
  };
}

async function readConfig(file: string): Promise<Fields> {
  try {
    const bytes = Buffer.concat(await Array.fromAsync(createReadStream(file, { end: maxConfigBytes })));
    if (bytes.length > maxConfigBytes) throw refuse(file, `it is larger than ${maxConfigBytes} bytes`);
    return fields(JSON.parse(bytes.toString("utf8")));
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return {};
    throw error instanceof RemoteMediaError ? error : refuse(file, "it can't be read as JSON", error);
  }
}

/** The entry of a host, under its own name or under an address of it. */
function authOf(auths: Fields, key: string): Fields | undefined {
  if (Object.hasOwn(auths, key)) return fields(auths[key]);
  const found = Object.keys(auths).find((name) => hostOfKey(name) === hostOfKey(key));
  return found === undefined ? undefined : fields(auths[found]);
}

function hostOfKey(key: string): string {
  return key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}

function readAuth(entry: Fields | undefined, host: string, file: string): Credential | undefined {
  if (entry === undefined) return undefined;
  const identity = text(own(entry, "identitytoken"));
  if (identity) return { kind: "identity-token", token: identity };
  const token = text(own(entry, "registrytoken"));
  if (token) return { kind: "registry-token", token };
  const auth = text(own(entry, "auth"));
  if (!auth) {
    const username = text(own(entry, "username"));
    const password = text(own(entry, "password"));
    return username && password ? { kind: "password", username, password } : undefined;
  }
  const decoded = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  if (colon <= 0)
    throw refuse(file, `what it holds for ${printable(host)} is no name and password in base64`);
  return { kind: "password", username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

function refuse(file: string, why: string, cause?: unknown): RemoteMediaError {
  return new RemoteMediaError("registry-denied", `the registry credentials can't be read: ${why}`, {
    where: { file },
    hint: "log in again, as with `docker login`, or mend the file",
    ...(cause === undefined ? {} : { cause }),
  });
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function own(from: Fields, name: string): unknown {
  return Object.hasOwn(from, name) ? from[name] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
