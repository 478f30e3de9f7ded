// What packages cost: fetched and sent beside curl, verified and unpacked beside sha256sum, started from the store beside a folder.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPackage } from "../../agent/package/install-package.ts";
import { openPackageFile } from "../../agent/package/package-file.ts";
import { verifyPackage } from "../../agent/package/verify-package.ts";
import { parsePublicKey } from "../../agent/trust/public-key.ts";
import { trustOnly } from "../../agent/trust/trust-policy.ts";
import { openPackageStore } from "../../platform/store/open-package-store.ts";
import { isDockerRegistryHere, startDockerRegistry, type TestRegistry } from "../support/registry-peers.ts";
import { checkout } from "../support/sandbox.ts";
import { type Row, rowOf } from "./row.ts";
import { summarise } from "./statistic.ts";

const mebibyte = 1024 * 1024;
const runs = 5;

/** `binary` is the compiled program: what a user starts. */
export async function benchPackage(binary: string): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "remotemedia-bench-"));
  try {
    const bench = new PackageBench(binary, folder);
    await bench.expect(["keygen", "-o", bench.path("key"), "--no-passphrase"]);
    return [
      ...(await bench.benchUnpacking()),
      ...(await bench.benchCachedStart()),
      ...(isDockerRegistryHere ? await bench.benchTransfers() : []),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Ended {
  readonly ms: number;
  readonly rssBytes: number;
}

class PackageBench {
  readonly #binary: string;
  readonly #folder: string;

  constructor(binary: string, folder: string) {
    this.#binary = binary;
    this.#folder = folder;
  }

  path(...names: string[]): string {
    return join(this.#folder, ...names);
  }

  /** A whole process, which must end well. `home` is its store. */
  async expect(words: readonly string[], home = "home", program = this.#binary): Promise<Ended> {
    const env = { ...process.env, REMOTEMEDIA_HOME: this.path(home) };
    const started = performance.now();
    const child = Bun.spawn([program, ...words], { stdout: "ignore", stderr: "pipe", env });
    const said = await new Response(child.stderr).text();
    const code = await child.exited;
    const ms = performance.now() - started;
    if (code !== 0) throw new TypeError(`${words[0]} ended with ${code}: ${said}`);
    return { ms, rssBytes: child.resourceUsage()?.maxRSS ?? Number.NaN };
  }

  /** A signed package with a model of chance. Gives its file. */
  async build(name: string, modelBytes: number): Promise<string> {
    const source = this.path(name);
    mkdirSync(join(source, "models"), { recursive: true });
    const manifest = { version: "v1", metadata: { name }, nodes: [{ id: "a", node_type: "PassThrough" }] };
    writeFileSync(join(source, "manifest.json"), JSON.stringify({ ...manifest, connections: [] }));
    writeFileSync(join(source, "models/weights.bin"), randomBytes(modelBytes));
    const file = this.path(`${name}.rmpkg`);
    await this.expect(["build", source, "-o", file, "--sign", this.path("key")]);
    return file;
  }

  async benchUnpacking(): Promise<Row[]> {
    const file = await this.build("medium", 50 * mebibyte);
    const key = parsePublicKey(await Bun.file(this.path("key.pub")).text());
    const policy = trustOnly([{ name: "bench", key }]);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let run = 0; run < 9; run++) {
      theirs.push((await this.expect([file], "home", "sha256sum")).ms);
      const started = performance.now();
      const store = await openPackageStore(this.path(`unpack-${run}`));
      await using source = await openPackageFile(file);
      await installPackage(await verifyPackage(source, policy), source, store);
      ours.push(performance.now() - started);
      rmSync(this.path(`unpack-${run}`), { recursive: true, force: true });
    }
    return [
      rowOf("package", "verify and unpack 50 MB, fsynced", "ms", summarise(ours)),
      rowOf("package", "  sha256sum of it, whole process", "ms", summarise(theirs)),
      ratioRow("  the first against the second", ours, theirs, { goal: 1.5 }),
    ];
  }

  async benchCachedStart(): Promise<Row[]> {
    const example = join(checkout, "examples/calculator");
    const file = this.path("calculator.rmpkg");
    await this.expect(["build", example, "-o", file, "--sign", this.path("key")]);
    const inspection = Bun.spawnSync([this.#binary, "inspect", file, "--json"], { stderr: "ignore" });
    const { digest } = JSON.parse(inspection.stdout.toString()) as { digest: string };
    const rest = ["--input", join(example, "input.json"), "--output", "-", "--quiet"];
    await this.expect(["run", file, ...rest]);
    const packaged: number[] = [];
    const plain: number[] = [];
    for (let run = 0; run < 21; run++) {
      packaged.push((await this.expect(["run", digest, ...rest])).ms);
      plain.push((await this.expect(["run", example, ...rest])).ms);
    }
    const extra = summarise(packaged).p50 - summarise(plain).p50;
    return [
      rowOf("package", "run of a cached package, whole process", "ms", summarise(packaged)),
      rowOf("package", "  run of the same folder", "ms", summarise(plain)),
      { group: "package", name: "  the difference of the medians", unit: "ms", value: extra, goal: 30 },
    ];
  }

  async benchTransfers(): Promise<Row[]> {
    const large = await this.build("large", 300 * 1000 * 1000);
    const small = await this.build("small", mebibyte);
    const model = this.path("large/models/weights.bin");
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update(await Bun.file(model).bytes()).digest("hex")}`;
    const pushes: Ended[] = [];
    const pulls: Ended[] = [];
    const curlPushes: Ended[] = [];
    const curlPulls: Ended[] = [];
    const checkedPulls: Ended[] = [];
    let base: Ended | undefined;
    for (let run = 0; run < runs; run++) {
      // A registry of its own each time: the last one's bytes would be known to it.
      await using registry = await startDockerRegistry();
      const reference = `oci://${registry.host}/bench/large:1`;
      base ??= await this.expect(["push", small, `oci://${registry.host}/bench/small:1`]);
      pushes.push(await this.expect(["push", large, reference]));
      pulls.push(await this.expect(["pull", reference, "--key", this.path("key.pub")], `pull-${run}`));
      rmSync(this.path(`pull-${run}`), { recursive: true, force: true });
      const blob = `${registry.url}/v2/bench/large/blobs/${digest}`;
      curlPulls.push(await this.expect(["-sf", "-o", this.path("curled"), blob], "home", "curl"));
      // What a pull does besides: it hashes, and the bytes are on the disk when it ends.
      const checked = 'curl -sf -o "$1" "$2" && sha256sum "$1" && sync "$1"';
      checkedPulls.push(await this.expect(["-c", checked, "sh", this.path("curled"), blob], "home", "sh"));
      rmSync(this.path("curled"));
      await using other = await startDockerRegistry();
      curlPushes.push(await this.#curlPush(other, model, digest));
    }
    const rss = (some: readonly Ended[]) =>
      (Math.max(...some.map(({ rssBytes }) => rssBytes)) - base!.rssBytes) / mebibyte;
    return [
      ...compareRates("pull 300 MB", pulls, curlPulls),
      ratioRow(
        "  rate against curl, sha256sum, sync",
        checkedPulls.map(({ ms }) => ms),
        pulls.map(({ ms }) => ms),
      ),
      ...compareRates("push 300 MB", pushes, curlPushes),
      {
        group: "package",
        name: "pull 300 MB: RSS over that of 1 MB",
        unit: "MiB",
        value: rss(pulls),
        goal: 80,
      },
      {
        group: "package",
        name: "push 300 MB: RSS over that of 1 MB",
        unit: "MiB",
        value: rss(pushes),
        goal: 80,
      },
    ];
  }

  /** What curl needs two requests for: an upload is opened, then filled. */
  async #curlPush(registry: TestRegistry, file: string, digest: string): Promise<Ended> {
    const opened = await fetch(`${registry.url}/v2/bench/curl/blobs/uploads/`, { method: "POST" });
    const location = new URL(opened.headers.get("location")!, registry.url);
    location.searchParams.set("digest", digest);
    const type = ["-H", "Content-Type: application/octet-stream"];
    return this.expect(["-sf", "-T", file, ...type, location.href], "home", "curl");
  }
}

function compareRates(name: string, ours: readonly Ended[], theirs: readonly Ended[]): Row[] {
  const times = (some: readonly Ended[]) => some.map(({ ms }) => ms);
  return [
    rowOf("package", `${name}, whole process`, "ms", summarise(times(ours))),
    rowOf("package", "  curl, the blob alone", "ms", summarise(times(theirs))),
    ratioRow("  rate against curl's", times(theirs), times(ours), { atLeast: 0.8 }),
  ];
}

function ratioRow(
  name: string,
  over: readonly number[],
  under: readonly number[],
  goals: Partial<Row> = {},
): Row {
  return { group: "package", name, unit: "×", value: summarise(over).p50 / summarise(under).p50, ...goals };
}

function randomBytes(bytes: number): Uint8Array {
  const data = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536)
    crypto.getRandomValues(data.subarray(at, Math.min(at + 65_536, bytes)));
  return data;
}
