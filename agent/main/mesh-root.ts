// The owner's side of a mesh: its root key, and the devices that it admits.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { nearestName } from "../../platform/base/nearest.ts";
import {
  issueMembership,
  type MembershipGrant,
  type MembershipRequest,
  parseMembershipRequest,
  writeMembershipRequest,
} from "../mesh/membership.ts";
import { roles } from "../protocol/peer-session.ts";
import { isKeyEncrypted, type SigningKey } from "../trust/signing-key.ts";
import { type Admission, isMeshName } from "./admission.ts";
import { type GivePassphrase, openKeyFile, writeKeyPair } from "./key-file.ts";
import { type JoinedMesh, joinMesh, loadMeshState, meshFolder } from "./mesh-state.ts";
import { readKeyFile } from "./trust-settings.ts";

/** A root key that lies here. */
export interface OwnMesh {
  readonly meshName: string;
  /** The private key's file. */
  readonly file: string;
}

/** The meshes whose root key is here, by name. */
export async function listOwnMeshes(home: string): Promise<readonly OwnMesh[]> {
  const folder = meshFolder(home);
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(".key") && isMeshName(name.slice(0, -".key".length)))
    .toSorted()
    .map((name) => ({ meshName: name.slice(0, -".key".length), file: join(folder, name) }));
}

export interface CreatedMesh {
  readonly joined: JoinedMesh;
  readonly keyFile: string;
  readonly isEncrypted: boolean;
}

export interface CreateMesh {
  readonly home: string;
  readonly meshName: string;
  /** What this device is called there. */
  readonly deviceName: string;
  readonly expiresMs: number;
  /** Undefined: the root key isn't encrypted. */
  readonly passphrase: string | undefined;
  /** Opens a key that is there already. */
  readonly givePassphrase: GivePassphrase;
}

/** Makes a root key, and this device a member with every role. One that was broken off between the two is finished.
 * @throws RemoteMediaError `usage` where the mesh is there already */
export async function createMesh(wish: CreateMesh): Promise<CreatedMesh> {
  const { home, meshName, deviceName, expiresMs, passphrase } = wish;
  const { identity, memberships } = await loadMeshState({ homeFolder: home });
  const keyFile = join(meshFolder(home), `${meshName}.key`);
  const isThere = (await stat(keyFile).catch(() => undefined)) !== undefined;
  if (!isThere) await writeKeyPair(keyFile, passphrase);
  const { key } = await openKeyFile(
    keyFile,
    isThere || passphrase === undefined ? wish.givePassphrase : async () => passphrase,
  );
  if (memberships.some(({ rootKey }) => rootKey.keyId === key.publicKey.keyId)) {
    throw new RemoteMediaError("usage", `mesh create: the mesh ${meshName} is there already`, {
      where: { file: keyFile },
      hint: "remotemedia mesh show shows it; mesh admit takes devices in",
    });
  }
  const request = parseMembershipRequest(writeMembershipRequest(identity, deviceName));
  const bundle = issueMembership(request, { roles, issuedMs: Date.now(), expiresMs }, key);
  const joined = await joinMesh(home, { meshName, rootKey: key.publicKey, bundle });
  return { joined, keyFile, isEncrypted: isKeyEncrypted(await readKeyFile(keyFile)) };
}

/** Which of the meshes here is meant. @throws RemoteMediaError `usage` */
export function chooseMesh<Mesh extends { readonly meshName: string }>(
  meshes: readonly Mesh[],
  name: string | undefined,
  what: string,
): Mesh {
  const names = meshes.map(({ meshName }) => meshName);
  const found = name === undefined ? meshes.slice(0, 2) : meshes.filter(({ meshName }) => meshName === name);
  if (found.length === 1) return found[0]!;
  const near = name === undefined ? undefined : nearestName(name, names);
  const message =
    names.length === 0
      ? `there is no ${what} here`
      : name === undefined
        ? `there is more than one ${what} here`
        : `there is no ${what} ${name} here`;
  const hint =
    names.length === 0
      ? "remotemedia mesh create makes a mesh, on its owner's machine"
      : near === undefined
        ? `there are ${names.join(", ")}`
        : `did you mean ${near}?`;
  throw new RemoteMediaError("usage", `mesh: ${message}`, { hint });
}

export interface Admitted {
  readonly admission: Admission;
  readonly request: MembershipRequest;
}

/** Signs a device in. @throws RemoteMediaError `membership-invalid` for a request that is none */
export function admitDevice(
  meshName: string,
  rootKey: SigningKey,
  requestBytes: Uint8Array,
  grant: MembershipGrant,
): Admitted {
  const request = parseMembershipRequest(requestBytes);
  const bundle = issueMembership(request, grant, rootKey);
  return { admission: { meshName, rootKey: rootKey.publicKey, bundle }, request };
}
