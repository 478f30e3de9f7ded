// The commands of packages as users run them: keys, build, sign, push, pull, verify, inspect, the cache; interrupted and killed, too.
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isDockerRegistryHere, startDockerRegistry, type TestRegistry } from "../support/registry-peers.ts";
import { Scratch } from "./program.ts";
import { openStallingProxy } from "./stalling-proxy.ts";

const root = join(import.meta.dirname, "../..");
const modelBytes = 6 * 1024 * 1024;

let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch();
  const folder = scratch.file("demo");
  mkdirSync(join(folder, "models"), { recursive: true });
  writeFileSync(join(folder, "models/big.bin"), Buffer.alloc(modelBytes, "weights"));
  const nodes = [{ id: "a", node_type: "PassThrough" }];
  const manifest = { version: "v1", metadata: { name: "demo" }, nodes, connections: [] };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
});
afterEach(() => {
  expect(scratch.leftovers()).toEqual([]);
});
afterAll(() => scratch[Symbol.dispose]());

async function json(words: readonly string[], environment: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = await scratch.start([...words, "--json"], "", { environment }).ended;
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

const passphrase = { REMOTEMEDIA_PASSPHRASE: "correct horse" };

/** A signed package of the demo, with the key that this scratch folder's home trusts. Made once. */
let making: Promise<string> | undefined;
function signedPackage(): Promise<string> {
  making ??= (async () => {
    await json(["keygen", "-o", scratch.file("own.key")], passphrase);
    const file = scratch.file("signed.rmpkg");
    await json(["build", scratch.file("demo"), "-o", file, "--sign", scratch.file("own.key")], passphrase);
    return file;
  })();
  return making;
}

describe("keygen", () => {
  test("writes an encrypted key for its owner only, and this home trusts what it signs", async () => {
    const file = scratch.file("alice.key");
    const { key_id, encrypted, trusted } = await json(["keygen", "-o", file], passphrase);
    expect({ encrypted, name: trusted.name }).toEqual({ encrypted: true, name: "alice" });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(readFileSync(`${file}.pub`, "utf8")).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    expect(key_id).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.parse(readFileSync(trusted.file, "utf8")).signers).toContainEqual(
      expect.objectContaining({ name: "alice" }),
    );
  });

  test("never writes over a key", async () => {
    const file = scratch.file("kept.key");
    writeFileSync(`${file}.pub`, "mine");
    const { exitCode, stderr } = await scratch.start(["keygen", "-o", file], "", { environment: passphrase })
      .ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain("a key is never overwritten");
    expect(readFileSync(`${file}.pub`, "utf8")).toBe("mine");
    expect(() => statSync(file)).toThrow("ENOENT");
  });

  test("says how to give a passphrase where nobody can be asked, and takes no empty one", async () => {
    const asked = await scratch.run(["keygen", "-o", scratch.file("no.key")]);
    expect(asked.exitCode).toBe(2);
    expect(asked.stderr).toContain("--passphrase-file");
    const words = ["keygen", "-o", scratch.file("no.key")];
    const empty = await scratch.start(words, "", { environment: { REMOTEMEDIA_PASSPHRASE: "" } }).ended;
    expect(empty).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--no-passphrase") });
  });
});

describe("build", () => {
  test("gives the same bytes twice, and takes the pipeline's name", async () => {
    const folder = scratch.file("twice");
    mkdirSync(folder);
    const first = await scratch.shell("remotemedia build ../demo --json", folder);
    const { file, digest } = JSON.parse(first.stdout);
    expect(file).toBe("demo.rmpkg");
    const bytes = readFileSync(join(folder, file));
    const again = await json(["build", scratch.file("demo"), "-o", scratch.file("again.rmpkg")]);
    expect(again.digest).toBe(digest);
    expect(readFileSync(scratch.file("again.rmpkg")).equals(bytes)).toBe(true);
  });

  test("refuses what validate refuses, with the same words", async () => {
    const folder = scratch.file("broken");
    mkdirSync(folder);
    const nodes = [{ id: "a", node_type: "PassThrogh" }];
    const manifest = { version: "v1", metadata: { name: "x" }, nodes, connections: [] };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
    const [built, validated] = [
      await scratch.run(["build", folder]),
      await scratch.run(["validate", folder]),
    ];
    expect(built).toEqual(validated);
    expect(built.exitCode).toBe(2);
  });

  test("writes over a package, not over anything else", async () => {
    const file = scratch.file("diary.txt");
    writeFileSync(file, "dear diary");
    const refused = await scratch.run(["build", scratch.file("demo"), "-o", file]);
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("[package-exists]") });
    expect(readFileSync(file, "utf8")).toBe("dear diary");
    await json(["build", scratch.file("demo"), "-o", file, "--force"]);
    await json(["build", scratch.file("demo"), "-o", file]);
  });
});

describe("a signed package", () => {
  test("is verified by the home's own policy, by a key, and not by another key", async () => {
    const file = await signedPackage();
    const own = await json(["verify", file]);
    expect(own).toMatchObject({ ok: true, name: "demo", signer: { name: "own" } });
    expect(own.signatures.map(({ layout }: { layout: string }) => layout).sort()).toEqual([
      "bundle",
      "simple",
    ]);
    expect(own.provenance).toMatchObject([
      { verified: true, predicate_type: "https://slsa.dev/provenance/v1" },
    ]);
    await json(["keygen", "-o", scratch.file("other.key"), "--no-passphrase", "--no-trust"]);
    const wrong = await scratch.run(["verify", file, "--key", scratch.file("other.key.pub")]);
    expect(wrong).toMatchObject({
      exitCode: 3,
      stdout: "",
      stderr: expect.stringContaining("[signer-unknown]"),
    });
    const inspected = await json(["inspect", file, "--key", scratch.file("other.key.pub")]);
    expect(inspected.signatures[0]).toMatchObject({ verified: false, problem: { code: "signer-unknown" } });
  });

  test("is refused when a byte of a model was changed, naming it", async () => {
    const bytes = readFileSync(await signedPackage());
    const at = bytes.indexOf(Buffer.alloc(1024, "weights")) + 500;
    bytes[at]! ^= 1;
    const file = scratch.file("changed.rmpkg");
    writeFileSync(file, bytes);
    for (const command of ["verify", "inspect"]) {
      const { exitCode, stderr } = await scratch.run([command, file]);
      expect(exitCode).toBe(3);
      expect(stderr).toMatch(/models\/big\.bin.*\[digest-mismatch\]/);
    }
  });

  test("is signed once more in place, and both signatures stand", async () => {
    const file = scratch.file("second.rmpkg");
    writeFileSync(file, readFileSync(await signedPackage()));
    await json(["keygen", "-o", scratch.file("second.key"), "--no-passphrase", "--no-trust"]);
    chmodSync(scratch.file("second.key"), 0o644);
    const signed = await scratch.run(["sign", file, "--key", scratch.file("second.key")]);
    expect(signed.exitCode).toBe(0);
    expect(signed.stderr).toContain("can be read by other users");
    await json(["verify", file]);
    await json(["verify", file, "--key", scratch.file("second.key.pub")]);
  });
});

// Reason of a skip: Debian's docker-registry isn't installed.
describe.runIf(isDockerRegistryHere)("with a registry", () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  test("push and pull say what moved and what was there, and what comes back is the same file", async () => {
    const file = await signedPackage();
    const to = `oci://${registry.host}/demo:1`;
    const pushed = await json(["push", file, to]);
    expect(pushed.moved_bytes).toBeGreaterThan(modelBytes);
    expect(await json(["push", file, to])).toMatchObject({ moved_bytes: 0, digest: pushed.digest });
    const copy = scratch.file("copy.rmpkg");
    const pulled = await json(["pull", to, "-o", copy]);
    expect(pulled).toMatchObject({ digest: pushed.digest, signer: { name: "own" }, present_bytes: 0 });
    expect(readFileSync(copy).equals(readFileSync(file))).toBe(true);
    expect(await json(["pull", to])).toMatchObject({ moved_bytes: 0 });
  });

  test("the cache lists, pins, keeps and clears what was pulled", async () => {
    await json(["push", await signedPackage(), `oci://${registry.host}/cached:1`]);
    await json(["pull", `oci://${registry.host}/cached:1`]);
    const { packages, size } = await json(["cache", "list"]);
    expect(packages).toMatchObject([{ name: "demo", pins: [] }]);
    expect(size).toBeGreaterThan(modelBytes);
    await json(["cache", "pin", "demo"]);
    expect(await json(["cache", "gc"])).toMatchObject({ packages: [], freed_bytes: 0 });
    expect(await scratch.run(["cache", "clear"])).toMatchObject({ exitCode: 2 });
    expect((await json(["cache", "clear", "--force"])).freed_bytes).toBeGreaterThan(modelBytes);
    expect(await json(["cache", "list"])).toEqual({ packages: [], size: 0 });
  });

  test.each([
    ["killed", "SIGKILL", 137],
    ["interrupted", "SIGINT", 1],
  ] as const)("a pull that was %s goes on from where it was", async (_, signal, status) => {
    await json(["push", await signedPackage(), `oci://${registry.host}/${signal.toLowerCase()}:1`]);
    await json(["cache", "clear", "--force"]);
    using proxy = openStallingProxy(registry.url, modelBytes, modelBytes / 2);
    const words = ["pull", `oci://${proxy.host}/${signal.toLowerCase()}:1`];
    const broken = scratch.start(words);
    await proxy.stalled;
    const partial = join(scratch.environment["REMOTEMEDIA_HOME"]!, "partial");
    while (!readdirSync(partial).some((name) => statSync(join(partial, name)).size >= modelBytes / 4)) {
      await Bun.sleep(5);
    }
    broken.process.kill(signal);
    const { stderr } = await broken.ended;
    expect(broken.process.exitCode ?? 137).toBe(status);
    if (status === 1) expect(stderr).toContain("pull again to go on from there");
    const { moved_bytes } = await json(words);
    expect(moved_bytes).toBeGreaterThan(0);
    expect(moved_bytes).toBeLessThan(modelBytes * 0.8);
    await json(["verify", words[1]!]);
  });
});

test("help of every command of packages has an example and what it exits with", async () => {
  for (const command of ["build", "inspect", "verify", "sign", "push", "pull", "cache"]) {
    const { stdout } = await scratch.run([command, "--help"]);
    expect(stdout).toContain(`  remotemedia ${command} `);
    expect(stdout).toContain("Exit: 0 done");
  }
});

test("neither help nor run of a folder loads what packages need", () => {
  const heavy =
    /from "\.\.\/(?:main\/(?:package|open-package|transfer|build-folder|judge)|package\/|trust\/)/;
  for (const file of ["command-table.ts", "package-commands.ts", "command-line.ts"]) {
    const imports = readFileSync(join(root, "agent/cli", file), "utf8").match(/^import (?!type).*$/gm) ?? [];
    expect(imports.filter((line) => heavy.test(line))).toEqual([]);
  }
});
