// What the interoperation tests stand on: the binary, one signed package with every kind of part, and other people's programs.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { findPeer } from "../support/registry-peers.ts";
import { type Ended, Scratch } from "./program.ts";

const root = join(import.meta.dirname, "../..");
const binary = join(root, `dist/remotemedia-linux-${process.arch}`);
const passphrase = "correct horse";

export type PeerName = "cosign" | "oras" | "skopeo";

/** Whether all of them are on this machine. */
export const arePeersHere = (["cosign", "oras", "skopeo"] as const).every(
  (name) => findPeer(name) !== undefined,
);

/** Signing without a transparency log, and believing without one: nobody's network is asked. */
const offlineSigning = ["--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry", "-y"];
const offlineTrust = ["--insecure-ignore-tlog", "--allow-http-registry"];

export class InteropStand implements Disposable {
  readonly scratch = new Scratch();
  /** Signed with `ownKey`, its public half trusted by nobody but where `--key` names it. */
  readonly packageFile = this.file("signed.rmpkg");
  readonly ownKey = this.file("own.key");
  /** As `cosign generate-key-pair` writes it. */
  readonly cosignKey = this.file("cosign.key");
  readonly cosignPublicKey = this.file("cosign.pub");
  /** Files of the package, by their titles. */
  readonly folder = this.file("demo");
  digest = "";

  static async open(): Promise<InteropStand> {
    const stand = new InteropStand();
    stand.#writeFolder();
    await stand.ok("keygen", "-o", stand.ownKey, "--no-trust");
    await stand.peer("cosign", "generate-key-pair", "--output-key-prefix", stand.file("cosign"));
    await stand.ok("build", stand.folder, "-o", stand.packageFile, "--sign", stand.ownKey);
    const { digest } = JSON.parse(await stand.ok("inspect", stand.packageFile, "--json"));
    stand.digest = digest;
    return stand;
  }

  file(name: string): string {
    return this.scratch.file(name);
  }

  /** Runs our program to its end, with a home folder that trusts nobody. */
  run(...words: string[]): Promise<Ended> {
    return this.#end([binary, ...words]);
  }

  /** The same; it must end well. Gives its stdout. */
  async ok(...words: string[]): Promise<string> {
    return expectOk(await this.run(...words));
  }

  /** Runs another's program, which must end well. Gives its stdout. */
  async peer(name: PeerName, ...words: string[]): Promise<string> {
    return expectOk(await this.tryPeer(name, ...words));
  }

  tryPeer(name: PeerName, ...words: string[]): Promise<Ended> {
    return this.#end([findPeer(name) ?? name, ...words]);
  }

  /** cosign signs what is in a registry, in one of its two layouts. */
  cosignSign(place: string, layout: "bundle" | "simple"): Promise<string> {
    const flag = `--new-bundle-format=${layout === "bundle"}`;
    return this.peer("cosign", "sign", "--key", this.cosignKey, flag, ...offlineSigning, this.at(place));
  }

  cosignAttest(place: string, predicateFile: string): Promise<string> {
    const what = ["--type", "slsaprovenance1", "--predicate", predicateFile];
    return this.peer("cosign", "attest", "--key", this.cosignKey, ...what, ...offlineSigning, this.at(place));
  }

  cosignVerify(place: string, publicKey: string, layout: "bundle" | "simple"): Promise<Ended> {
    const flag = `--new-bundle-format=${layout === "bundle"}`;
    return this.tryPeer("cosign", "verify", "--key", publicKey, flag, ...offlineTrust, this.at(place));
  }

  cosignVerifyProvenance(place: string, publicKey: string): Promise<Ended> {
    const what = ["--type", "slsaprovenance1", "--key", publicKey];
    return this.tryPeer("cosign", "verify-attestation", ...what, ...offlineTrust, this.at(place));
  }

  /** The package in a repository, `host/name`, by its digest. */
  at(place: string): string {
    return `${place}@${this.digest}`;
  }

  /** skopeo puts the bare package there: without signatures, for it copies none. */
  skopeoPush(place: string): Promise<string> {
    const to = ["--dest-tls-verify=false", `oci-archive:${this.packageFile}:latest`, `docker://${place}:1`];
    return this.peer("skopeo", "copy", "--insecure-policy", ...to);
  }

  [Symbol.dispose](): void {
    this.scratch[Symbol.dispose]();
  }

  /** A module, its descriptor, and two models of which one is no round number of anything. */
  #writeFolder(): void {
    mkdirSync(join(this.folder, "modules"), { recursive: true });
    mkdirSync(join(this.folder, "models/voices"), { recursive: true });
    copyFileSync(join(root, "dist/nodes/MultiplyNode.wasm"), join(this.folder, "modules/multiply.wasm"));
    copyFileSync(join(root, "nodes/multiply-node/node.json"), join(this.folder, "modules/node.json"));
    writeFileSync(join(this.folder, "models/weights.bin"), Buffer.alloc(300_001, "weights"));
    writeFileSync(join(this.folder, "models/voices/alto.bin"), "la");
    const manifest = {
      version: "v1",
      metadata: { name: "triple" },
      modules: { Times: { path: "modules/multiply.wasm" } },
      nodes: [{ id: "times", node_type: "Times", params: { factor: 3 } }],
      connections: [],
    };
    writeFileSync(join(this.folder, "manifest.json"), JSON.stringify(manifest));
    writeFileSync(this.file("input.json"), "14");
  }

  async #end(command: readonly string[]): Promise<Ended> {
    const environment = { REMOTEMEDIA_PASSPHRASE: passphrase, COSIGN_PASSWORD: passphrase };
    const child = Bun.spawn([...command], {
      cwd: this.scratch.folder,
      env: { ...this.scratch.environment, ...environment },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { exitCode: await child.exited, stdout, stderr };
  }
}

function expectOk({ exitCode, stdout, stderr }: Ended): string {
  expect(exitCode, stderr).toBe(0);
  return stdout;
}
