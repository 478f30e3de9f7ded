// A pipeline's way as a package, with the binary: built, signed, pushed, run from the registry; and a bit that changes in the registry.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startReferrersRegistry } from "../support/referrers-registry.ts";
import { isDockerRegistryHere, startDockerRegistry, type TestRegistry } from "../support/registry-peers.ts";
import { type Ended, Scratch } from "./program.ts";

vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, "../..");
const binary = join(root, `dist/remotemedia-linux-${process.arch}`);
const folder = join(root, "examples/speech-gate");

interface Part {
  /** In words, such as `the empty layer`. */
  readonly part: string;
  readonly digest: string;
}

const registries = [
  {
    name: "docker-registry",
    start: startDockerRegistry as () => Promise<TestRegistry>,
    fileOf: (storage: string, hex: string) =>
      join(storage, "docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data"),
    // Reason of a skip: Debian's docker-registry is missing.
    canRun: isDockerRegistryHere,
  },
  {
    name: "a registry with the referrers API",
    start: startReferrersRegistry as () => Promise<TestRegistry>,
    fileOf: (storage: string, hex: string) => join(storage, "blobs/sha256", hex),
    canRun: true,
  },
];

describe.each(registries)("examples/speech-gate by way of $name", ({ start, fileOf, canRun }) => {
  let scratch: Scratch;
  let registry: TestRegistry;
  let reference: string;
  beforeAll(async () => {
    if (!canRun) return;
    scratch = new Scratch();
    registry = await start();
    reference = `oci://${registry.host.replace("127.0.0.1", "localhost")}/d:1`;
  });
  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    scratch?.[Symbol.dispose]();
  });

  /** As on a machine of its own, `home`, where nothing was ever stored. */
  const remotemedia = async (home: string, ...words: string[]): Promise<Ended> => {
    const child = Bun.spawn([binary, ...words], {
      cwd: scratch.folder,
      env: { ...scratch.environment, REMOTEMEDIA_HOME: scratch.file(home), REMOTEMEDIA_PASSPHRASE: "geheim" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { exitCode: await child.exited, stdout, stderr };
  };

  const ok = async (home: string, ...words: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await remotemedia(home, ...words);
    expect(exitCode, stderr).toBe(0);
    return stdout;
  };

  const run = (home: string) =>
    remotemedia(
      home,
      "run",
      reference,
      "--input",
      join(folder, "speech.wav"),
      "--key",
      scratch.file("k.pub"),
    );

  test.runIf(canRun)("is built signed, pushed, and runs as its folder does", async () => {
    await ok("maker", "keygen", "-o", "k");
    await ok("maker", "build", folder, "-o", "d.rmpkg", "--sign", "k");
    await ok("maker", "push", "d.rmpkg", reference, "--plain-http");
    const { exitCode, stdout, stderr } = await run("user");
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe(await ok("maker", "run", folder, "--input", join(folder, "speech.wav")));
  });

  test.runIf(canRun)("is refused with exit 3, naming the blob, whichever one bit changes in", async () => {
    const said = await ok("maker", "push", "d.rmpkg", reference, "--json");
    const parts = (JSON.parse(said) as { parts: Part[] }).parts;
    // Manifest, config and layer; and the manifests and blobs of a signature in two layouts, and of the provenance.
    expect(parts).toHaveLength(10);
    for (const [at, { part, digest }] of parts.entries()) {
      const file = fileOf(registry.storage, digest.slice("sha256:".length));
      expect(existsSync(file)).toBe(true);
      const bytes = readFileSync(file);
      const changed = Uint8Array.from(bytes);
      const middle = bytes.length >> 1;
      changed[middle] = bytes[middle]! ^ 1;
      writeFileSync(file, changed);
      const { exitCode, stdout, stderr } = await run(`victim-${at}`);
      expect({ exitCode, stdout }, `${part}: ${stderr}`).toEqual({ exitCode: 3, stdout: "" });
      expect(stderr).toContain("digest-mismatch");
      expect(stderr).toContain(digest.slice(0, "sha256:".length + 12));
      writeFileSync(file, bytes);
    }
    expect((await run("healed")).exitCode).toBe(0);
  });
});
