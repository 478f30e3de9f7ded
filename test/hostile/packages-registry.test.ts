// Packages from registries that want a login, speak TLS, are down, or are lied about: as a user starts the program.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildReferenceGuest } from "../conformance/reference-guest.ts";
import {
  isDockerRegistryHere,
  startDockerRegistry,
  type TestRegistry,
  testCredential,
} from "../support/registry-peers.ts";
import { type Ended, Scratch } from "../system/program.ts";

let scratch: Scratch;
let file: string;
let key: string;
let module: string;
beforeAll(async () => {
  scratch = new Scratch();
  writeFileSync(scratch.file("in.json"), "1");
  const folder = scratch.file("gate");
  mkdirSync(join(folder, "modules"), { recursive: true });
  writeFileSync(join(folder, "modules/echo.wasm"), await buildReferenceGuest("echo"));
  writeManifest(folder, "gate", { path: "modules/echo.wasm" });
  key = scratch.file("own.key");
  await taken(["keygen", "-o", key, "--no-passphrase"]);
  file = scratch.file("gate.rmpkg");
  const { stdout } = await taken(["build", folder, "-o", file, "--sign", key, "--json"]);
  module = JSON.parse(stdout).parts.find(
    ({ kind }: { kind: string }) => kind === "module" || kind === "wasm",
  ).digest;
}, 30_000);
afterEach(() => {
  expect(scratch.leftovers()).toEqual([]);
});
afterAll(() => scratch[Symbol.dispose]());

function writeManifest(folder: string, name: string, echo: object): void {
  mkdirSync(folder, { recursive: true });
  const nodes = [{ id: "a", node_type: "Echo" }];
  const manifest = { version: "v1", metadata: { name }, modules: { Echo: echo }, nodes, connections: [] };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
}

type Environment = Readonly<Record<string, string>>;

const start = (words: readonly string[], environment: Environment = {}) =>
  scratch.start(words, "", { environment }).ended;

async function taken(words: readonly string[], environment: Environment = {}): Promise<Ended> {
  const ended = await start(words, environment);
  expect(ended.exitCode, ended.stderr).toBe(0);
  return ended;
}

async function refused(words: readonly string[], exit: number, code: string, environment: Environment = {}) {
  const { exitCode, stdout, stderr } = await start(words, environment);
  expect({ exitCode, stdout }, stderr).toEqual({ exitCode: exit, stdout: "" });
  expect(stderr).toContain(`[${code}]`);
  return stderr;
}

const running = (reference: string, ...more: string[]) => [
  "run",
  reference,
  "--input",
  `a.in=${scratch.file("in.json")}`,
  "--output",
  "-",
  ...more,
];

/** A folder as `DOCKER_CONFIG` names it. */
function dockerConfig(config: object): Environment {
  const folder = scratch.file("docker");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return { DOCKER_CONFIG: folder };
}

function login(host: string, password: string = testCredential.password): Environment {
  const auth = Buffer.from(`${testCredential.username}:${password}`).toString("base64");
  return dockerConfig({ auths: { [host]: { auth } } });
}

// Reason of a skip: Debian's docker-registry isn't installed.
describe.runIf(isDockerRegistryHere)("a registry with a login", () => {
  let registry: TestRegistry;
  let reference: string;
  beforeAll(async () => {
    registry = await startDockerRegistry({ auth: "basic" });
    reference = `oci://${registry.host}/gate:1`;
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  test("takes the right one that docker stored, and no wrong one or none; no secret is told", async () => {
    await taken(["push", file, reference], login(registry.host));
    await taken(running(reference), login(registry.host));
    await taken(["cache", "clear", "--force"]);
    for (const environment of [login(registry.host, "wrong secret"), {}]) {
      const told = await refused(running(reference), 2, "registry-denied", environment);
      expect(told).toContain("docker login");
      expect(told).not.toMatch(/secret|dGVzdGVy/);
    }
  });

  test("asks the helper on the path; one that rambles or speaks garbage is refused", async () => {
    const programs = scratch.file("bin");
    mkdirSync(programs, { recursive: true });
    const helper = (name: string, script: string) => {
      const path = join(programs, `docker-credential-${name}`);
      writeFileSync(path, `#!/bin/sh\n${script}\n`);
      chmodSync(path, 0o755);
    };
    const { username: Username, password: Secret } = testCredential;
    const answer = scratch.file("answer.json");
    writeFileSync(answer, JSON.stringify({ ServerURL: registry.host, Username, Secret }));
    helper("right", `cat >/dev/null; test -z "$REMOTEMEDIA_PASSPHRASE" && cat ${answer}`);
    helper("garbage", "cat >/dev/null; printf '\\033[2Jnot json'");
    helper("endless", "exec cat /dev/zero");
    helper("failing", "printf '\\033[2Jno such luck'; exit 1");
    const using = (name: string): Environment => ({
      ...dockerConfig({ credHelpers: { [registry.host]: name } }),
      PATH: `${programs}:${process.env["PATH"]}`,
      REMOTEMEDIA_PASSPHRASE: "not for helpers",
    });
    await taken(["push", file, reference], using("right"));
    for (const name of ["garbage", "endless", "failing", "absent", "../right"]) {
      const told = await refused(["inspect", reference], 2, "registry-denied", using(name));
      expect(told).not.toContain("\u001b");
    }
  });
});

// Reason of a skip: Debian's docker-registry isn't installed.
describe.runIf(isDockerRegistryHere)("a registry", () => {
  test("with TLS is believed by the authority that is given, and not without it", async () => {
    await using registry = await startDockerRegistry({ tls: true });
    const reference = `oci://${registry.host}/gate:1`;
    const trusting = ["--ca-file", registry.authorityFile!];
    await refused(["push", file, reference], 2, "registry-insecure");
    await taken(["push", file, reference, ...trusting]);
    await refused(running(reference), 2, "registry-insecure");
    await taken(running(reference, ...trusting));
  });

  test("that is gone isn't asked about what is here; pulls at once and signatures twice change nothing", async () => {
    let reference: string;
    let byDigest: string;
    {
      await using registry = await startDockerRegistry();
      reference = `oci://${registry.host}/gate:1`;
      const { stdout } = await taken(["push", file, reference, "--quiet"]);
      byDigest = stdout
        .trim()
        .split(/\s/)
        .find((word) => word.includes("@sha256:"))!;
      await refused(running(`oci://${registry.host}/gate:2`), 2, "registry-missing");
      const pulls = await Promise.all([start(["pull", reference]), start(["pull", reference])]);
      expect(
        pulls.map(({ exitCode }) => exitCode),
        pulls.map(({ stderr }) => stderr).join(),
      ).toEqual([0, 0]);
      await taken(["sign", reference, "--key", key]);
      const second = scratch.file("second.key");
      await taken(["keygen", "-o", second, "--no-passphrase", "--no-trust"]);
      await refused(["verify", reference, "--key", `${second}.pub`], 3, "signer-unknown");
      await taken(["sign", reference, "--key", second]);
      await taken(["sign", reference, "--key", second]);
      const { stdout: verified } = await taken(["verify", reference, "--key", `${second}.pub`, "--json"]);
      expect(JSON.parse(verified).signatures).toHaveLength(4);
    }
    await taken(running(byDigest));
  }, 30_000);

  test("that nobody can reach is named", async () => {
    for (const host of ["registry.invalid", "127.0.0.1:1"]) {
      const told = await refused(["inspect", `oci://${host}/gate:1`], 4, "registry-unreachable");
      expect(told).toContain(host);
    }
  });

  test("gives a base by its digest; it goes back by a mount, and wrong bytes are refused", async () => {
    await using registry = await startDockerRegistry();
    await taken(["push", file, `oci://${registry.host}/library/gate:1`]);
    const base = `oci://${registry.host}/library/gate@${module}`;
    const folder = scratch.file("derived");
    writeManifest(folder, "derived", { path: "modules/echo.wasm", base });
    await taken(["cache", "clear", "--force"]);
    const derived = scratch.file("derived.rmpkg");
    const { stdout: built } = await taken(["build", folder, "-o", derived, "--sign", key, "--json"]);
    expect(JSON.parse(built).parts).toContainEqual(expect.objectContaining({ digest: module }));
    const { stdout: pushed } = await taken([
      "push",
      derived,
      `oci://${registry.host}/own/derived:1`,
      "--json",
    ]);
    expect(JSON.parse(pushed).mounted_bytes).toBeGreaterThan(0);
    expect((await taken(["inspect", derived])).stdout).toContain(`the base ${registry.host}/library/gate`);
    await taken(running(`oci://${registry.host}/own/derived:1`));
    await taken(["cache", "clear", "--force"]);
    const hex = module.slice("sha256:".length);
    const stored = join(registry.storage, "docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
    const bytes = readFileSync(stored);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(stored, bytes);
    rmSync(derived);
    await refused(["build", folder, "-o", derived], 3, "digest-mismatch");
    expect(() => readFileSync(derived)).toThrow("ENOENT");
    await refused(running(`oci://${registry.host}/own/derived:1`), 3, "digest-mismatch");
  }, 30_000);
});
