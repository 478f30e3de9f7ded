// The registry client on real registries, and on the test's own with every way of logging in.
import { describe } from "vitest";
import type { FindCredential } from "../../../platform/oci/credential.ts";
import { openRegistryClient } from "../../../platform/oci/open-registry-client.ts";
import { describeRepository, type RegistryWorld } from "../../conformance/registry.ts";
import { startReferrersRegistry } from "../../support/referrers-registry.ts";
import {
  findPeer,
  isDockerRegistryHere,
  startCraneRegistry,
  startDockerRegistry,
  type TestRegistry,
  testCredential,
} from "../../support/registry-peers.ts";
import { isOpensslHere } from "../../support/test-certificate.ts";

const credentials: FindCredential = async () => ({ kind: "password", ...testCredential });

function worldOf(registry: TestRegistry & { readonly authorityFile?: string }): RegistryWorld {
  const caFile = registry.authorityFile;
  const open = openRegistryClient({ credentials, ...(caFile === undefined ? {} : { caFile }) });
  return { host: registry.host, open, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

describeRepository("a registry with the referrers API", async () => worldOf(await startReferrersRegistry()));
describeRepository("a registry with the referrers API in pages of one", async () =>
  worldOf(await startReferrersRegistry({ referrersPageSize: 1 })),
);
describeRepository("a registry that takes Bearer tokens for one request each", async () =>
  worldOf(await startReferrersRegistry({ auth: "bearer", tokenUses: 1 })),
);

// Reason of a skip: openssl makes the certificate.
describe.runIf(isOpensslHere)("with a certificate of our own authority", () => {
  describeRepository("a registry with TLS and Bearer tokens", async () =>
    worldOf(await startReferrersRegistry({ auth: "bearer", tls: true })),
  );
});

// Reason of a skip: the Debian package docker-registry isn't here.
describe.runIf(isDockerRegistryHere)("with Debian's package", () => {
  describeRepository("docker-registry", async () => worldOf(await startDockerRegistry()));
  describeRepository("docker-registry with Basic auth", async () =>
    worldOf(await startDockerRegistry({ auth: "basic" })),
  );
});

// Reason of a skip: crane is built by scripts/peers.
describe.runIf(findPeer("crane") !== undefined)("with go-containerregistry's crane", () => {
  describeRepository("crane registry", async () => worldOf(await startCraneRegistry()));
});
