// The interoperation table: what skopeo, oras and cosign do with our packages and we with theirs, in every kind of registry.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startReferrersRegistry } from "../support/referrers-registry.ts";
import {
  findPeer,
  isDockerRegistryHere,
  startCraneRegistry,
  startDockerRegistry,
  type TestRegistry,
} from "../support/registry-peers.ts";
import { arePeersHere, InteropStand } from "./interop-stand.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let stand: InteropStand;
// Reason of a skip: skopeo is missing, or scripts/peers couldn't build cosign and oras.
beforeAll(async () => {
  if (arePeersHere) stand = await InteropStand.open();
});
afterAll(() => stand?.[Symbol.dispose]());

const registries = [
  // Reason of a skip: Debian's docker-registry is missing.
  { name: "docker-registry", start: () => startDockerRegistry(), isHere: isDockerRegistryHere },
  { name: "a registry with the referrers API", start: () => startReferrersRegistry(), isHere: true },
  // Reason of a skip: scripts/peers couldn't build crane.
  { name: "crane's registry", start: startCraneRegistry, isHere: findPeer("crane") !== undefined },
] as const;

const titles = ["modules/multiply.wasm", "modules/node.json", "models/weights.bin", "models/voices/alto.bin"];

describe.each(registries.map((row) => ({ ...row, canRun: row.isHere && arePeersHere })))(
  "in $name",
  ({ start, canRun }) => {
    let registry: TestRegistry;
    beforeAll(async () => {
      if (canRun) registry = await start();
    });
    afterAll(() => registry?.[Symbol.asyncDispose]());
    const place = (name: string) => `${registry.host}/interop/${name}`;
    // skopeo takes a colon for the beginning of a tag.
    const local = (name: string) => `${name}-${registry.host.replace(":", "-")}`;
    const trusted = (publicKey: string) => ["--key", publicKey];
    const ours = () => trusted(`${stand.ownKey}.pub`);
    const push = (name: string) => stand.ok("push", stand.packageFile, `oci://${place(name)}:1`);

    /** `inspect` of what is in the registry, as somebody who trusts cosign's key. */
    const inspect = async (name: string) =>
      JSON.parse(
        await stand.ok("inspect", `oci://${place(name)}:1`, "--json", ...trusted(stand.cosignPublicKey)),
      );

    test.runIf(canRun)("skopeo copies our file in, keeps its digest, and we run it", async () => {
      await stand.skopeoPush(place("skopeo-in"));
      const raw = await stand.peer(
        ...([
          "skopeo",
          "inspect",
          "--raw",
          "--tls-verify=false",
          `docker://${place("skopeo-in")}:1`,
        ] as const),
      );
      expect(`sha256:${new Bun.CryptoHasher("sha256").update(raw).digest("hex")}`).toBe(stand.digest);
      const words = ["run", `oci://${place("skopeo-in")}:1`, "--input", stand.file("input.json")];
      const refused = await stand.run(...words);
      expect(refused.exitCode).toBe(3);
      expect(refused.stderr).toContain("signature-missing");
      expect(await stand.ok(...words, "--allow-unsigned")).toContain("42");
    });

    test.runIf(canRun)("oras pulls the files that we pushed", async () => {
      await push("oras");
      const output = stand.file(local("pulled"));
      await stand.peer("oras", "pull", "--plain-http", "-o", output, `${place("oras")}:1`);
      for (const title of titles) {
        const pulled = readFileSync(join(output, title));
        expect(pulled.equals(readFileSync(join(stand.folder, title))), title).toBe(true);
      }
    });

    test.runIf(canRun)("oras finds our signature and provenance beside the package", async () => {
      await push("discover");
      const words = ["discover", "--plain-http", "--format", "json", `${place("discover")}:1`] as const;
      const found = JSON.parse(await stand.peer("oras", ...words));
      const types = found.referrers.map((entry: { artifactType: string }) => entry.artifactType);
      expect(types).toEqual(Array(2).fill("application/vnd.dev.sigstore.bundle.v0.3+json"));
    });

    test.runIf(canRun).each(["bundle", "simple"] as const)("cosign verifies our %s", async (layout) => {
      const name = `ours-${layout}`;
      await push(name);
      const verified = await stand.cosignVerify(place(name), `${stand.ownKey}.pub`, layout);
      expect(verified.exitCode, verified.stderr).toBe(0);
      const [{ critical }] = JSON.parse(verified.stdout);
      expect(critical.image["docker-manifest-digest"]).toBe(stand.digest);
      expect((await stand.cosignVerify(place(name), stand.cosignPublicKey, layout)).exitCode).not.toBe(0);
    });

    test.runIf(canRun)("cosign verifies our provenance", async () => {
      await push("provenance");
      const verified = await stand.cosignVerifyProvenance(place("provenance"), `${stand.ownKey}.pub`);
      expect(verified.exitCode, verified.stderr).toBe(0);
      const statement = JSON.parse(atob(JSON.parse(verified.stdout).payload));
      expect(statement.subject[0].digest.sha256).toBe(stand.digest.slice("sha256:".length));
    });

    test.runIf(canRun).each(["bundle", "simple"] as const)(
      "we verify, pull and run what cosign signed as a %s",
      async (layout) => {
        const name = `theirs-${layout}`;
        await stand.skopeoPush(place(name));
        await stand.cosignSign(place(name), layout);
        const reference = `oci://${place(name)}:1`;
        const words = ["verify", reference, "--json"];
        const { digest, signatures } = JSON.parse(
          await stand.ok(...words, ...trusted(stand.cosignPublicKey)),
        );
        expect(digest).toBe(stand.digest);
        expect(signatures).toEqual([expect.objectContaining({ layout, verified: true })]);
        const stranger = await stand.run(...words, ...ours());
        expect(stranger.exitCode).toBe(3);
        expect(stranger.stderr).toContain("signer-unknown");
        const run = [
          "run",
          reference,
          "--input",
          stand.file("input.json"),
          ...trusted(stand.cosignPublicKey),
        ];
        expect(await stand.ok(...run)).toContain("42");
      },
    );

    test.runIf(canRun)("both signers count where cosign signs beside us, in both layouts", async () => {
      await push("both");
      await stand.cosignSign(place("both"), "bundle");
      await stand.cosignSign(place("both"), "simple");
      for (const key of [`${stand.ownKey}.pub`, stand.cosignPublicKey]) {
        await stand.ok("verify", `oci://${place("both")}:1`, ...trusted(key));
        for (const layout of ["bundle", "simple"] as const)
          expect((await stand.cosignVerify(place("both"), key, layout)).exitCode).toBe(0);
      }
      const { signatures } = await inspect("both");
      expect(signatures).toHaveLength(4);
    });

    test.runIf(canRun)(
      "we sign with cosign's own key file, beside cosign, and cosign verifies both layouts",
      async () => {
        await stand.skopeoPush(place("their-key"));
        await stand.ok("sign", `oci://${place("their-key")}:1`, "--key", stand.cosignKey);
        for (const layout of ["bundle", "simple"] as const) {
          const verified = await stand.cosignVerify(place("their-key"), stand.cosignPublicKey, layout);
          expect(verified.exitCode, verified.stderr).toBe(0);
        }
      },
    );

    test.runIf(canRun)("cosign's attestation is provenance to us, and no signature", async () => {
      const file = stand.file("predicate.json");
      const buildDefinition = { buildType: "https://example.test/type", externalParameters: {} };
      const runDetails = { builder: { id: "https://example.test/builder" } };
      writeFileSync(file, JSON.stringify({ buildDefinition, runDetails }));
      await stand.skopeoPush(place("attested"));
      await stand.cosignAttest(place("attested"), file);
      const refused = await stand.run(
        "verify",
        `oci://${place("attested")}:1`,
        ...trusted(stand.cosignPublicKey),
      );
      expect(refused.exitCode).toBe(3);
      expect(refused.stderr).toMatch(/signature-(missing|invalid)/);
      const { signatures, provenance } = await inspect("attested");
      expect(signatures).toEqual([]);
      expect(provenance).toEqual([
        expect.objectContaining({ verified: true, builder: "https://example.test/builder" }),
      ]);
    });

    test.runIf(canRun)("what skopeo copies back as an archive is our package still", async () => {
      await push("back");
      const archive = stand.file(`${local("back")}.rmpkg`);
      const from = ["--src-tls-verify=false", `docker://${place("back")}:1`];
      await stand.peer("skopeo", "copy", "--insecure-policy", ...from, `oci-archive:${archive}:1`);
      expect(JSON.parse(await stand.ok("inspect", archive, "--json")).digest).toBe(stand.digest);
      const run = ["run", archive, "--allow-unsigned", "--input", stand.file("input.json")];
      expect(await stand.ok(...run)).toContain("42");
    });

    test.runIf(canRun)("oras copies it with its signatures into a layout, which we verify", async () => {
      await push("layout");
      const layout = stand.file(local("layout"));
      const to = ["--to-oci-layout", `${layout}:1`];
      await stand.peer("oras", "copy", "-r", "--from-plain-http", `${place("layout")}:1`, ...to);
      expect(JSON.parse(await stand.ok("verify", layout, "--json", ...ours())).digest).toBe(stand.digest);
    });
  },
);
