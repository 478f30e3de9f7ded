// Real registries for tests, each on a port of its own: Debian's docker-registry and crane's; and where the peers' programs are.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { makeTestCertificate } from "./test-certificate.ts";

/** A registry that is listening; disposing ends it and removes what it stored. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `http://…` or `https://…` with the host, without a slash at its end. */
  readonly url: string;
  /** The folder where it keeps everything. */
  readonly storage: string;
}

export interface DockerRegistryOptions {
  /** `basic`: only `testCredential` is let in. */
  readonly auth?: "basic";
  readonly tls?: boolean;
}

/** The one user whom registries with a login know. */
export const testCredential = { username: "tester", password: "tester's secret" } as const;

/** Whether docker-registry is on this machine; the package has its name. */
export const isDockerRegistryHere = Bun.which("docker-registry") !== null;

/** Where a program that `scripts/peers` brings is, or skopeo; undefined where it isn't. */
export function findPeer(name: "cosign" | "oras" | "crane" | "conformance" | "skopeo"): string | undefined {
  const built = join(import.meta.dirname, "../../.cache/peers/bin", name);
  if (name !== "skopeo" && existsSync(built)) return built;
  return (name === "skopeo" ? Bun.which(name) : null) ?? undefined;
}

/** Debian's docker-registry (CNCF Distribution 2.8): without the referrers API; deletes are on. */
export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<TestRegistry & { readonly authorityFile?: string }> {
  const folder = mkdtempSync(join(tmpdir(), "docker-registry-"));
  const storage = join(folder, "storage");
  mkdirSync(storage);
  const certificate = options.tls === true ? await makeTestCertificate(folder) : undefined;
  if (options.auth === "basic") {
    const hash = await Bun.password.hash(testCredential.password, { algorithm: "bcrypt", cost: 5 });
    writeFileSync(join(folder, "htpasswd"), `${testCredential.username}:${hash}\n`);
  }
  // JSON is YAML.
  const settings = {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: {
      addr: "127.0.0.1:0",
      secret: "one registry, one secret",
      ...(certificate && { tls: { certificate: certificate.certificateFile, key: certificate.keyFile } }),
    },
    ...(options.auth && { auth: { htpasswd: { realm: "test", path: join(folder, "htpasswd") } } }),
  };
  writeFileSync(join(folder, "config.yml"), JSON.stringify(settings));
  const server = await serve(["docker-registry", "serve", join(folder, "config.yml")], folder);
  return {
    ...server,
    storage,
    url: `${certificate ? "https" : "http"}://${server.host}`,
    ...(certificate && { authorityFile: certificate.authorityFile }),
  };
}

/** go-containerregistry's registry: strict about what a manifest names, without the referrers API. */
export async function startCraneRegistry(): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "crane-registry-"));
  const storage = join(folder, "storage");
  mkdirSync(storage);
  const crane = findPeer("crane") ?? "crane";
  const server = await serve(
    [crane, "registry", "serve", "--address", "127.0.0.1:0", "--disk", storage],
    folder,
  );
  return { ...server, storage, url: `http://${server.host}` };
}

/** Starts a server that says where it listens. */
async function serve(
  command: readonly string[],
  folder: string,
): Promise<AsyncDisposable & { readonly host: string }> {
  const child = Bun.spawn(["sh", "-c", 'exec "$@" 2>&1', "sh", ...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const asyncDispose = async () => {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  const port = await listeningPort(child.stdout);
  if (typeof port !== "number") {
    await asyncDispose();
    expect.fail(`${command[0]} didn't come up: ${port.said}`);
  }
  return { host: `127.0.0.1:${port}`, [Symbol.asyncDispose]: asyncDispose };
}

/** Reads on after the port is known: a server that nobody reads from would stop at a full pipe. */
function listeningPort(output: ReadableStream<Uint8Array>): Promise<number | { readonly said: string }> {
  return new Promise((resolve) => {
    const decoder = new TextDecoder();
    let said = "";
    void (async () => {
      for await (const chunk of output) {
        if (said.length < 100_000) said += decoder.decode(chunk, { stream: true });
        const port = /(?:listening on 127\.0\.0\.1:|serving on port )(\d+)\D/.exec(said)?.[1];
        if (port !== undefined) resolve(Number(port));
      }
      resolve({ said });
    })();
  });
}
