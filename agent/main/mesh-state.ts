// What this device keeps of the mesh: who it is, made at first need, and the meshes that it belongs to.
import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdir, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { openLinuxDisk } from "../../platform/store/linux-disk.ts";
import { writeWholeFile } from "../../platform/store/whole-file.ts";
import { createDtlsCertificate, fingerprintOf } from "../../platform/webrtc/dtls-certificate.ts";
import { isDeviceId, meshIdOf } from "../mesh/device-id.ts";
import { encodeIdentity, type Identity, parseIdentity } from "../mesh/identity.ts";
import { type Membership, verifyMembership } from "../mesh/membership.ts";
import { type Admission, encodeAdmission, maxAdmissionBytes, parseAdmission } from "./admission.ts";
import { buildMs } from "./build-time.ts";
import { withFileLock } from "./file-lock.ts";
import { readBounded } from "./read-bounded.ts";

/** A mesh that this device was admitted to. */
export interface JoinedMesh extends Admission {
  /** Of the root key. */
  readonly mesh: string;
  readonly membership: Membership;
  /** Where it is kept. */
  readonly file: string;
}

/** A file of the mesh's folder that is of no use: expired, broken, or another device's. */
export interface UselessMembership {
  readonly file: string;
  readonly error: RemoteMediaError;
}

export interface MeshState {
  readonly identity: Identity;
  /** Those that hold now, by the mesh's name. */
  readonly memberships: readonly JoinedMesh[];
  readonly useless: readonly UselessMembership[];
}

const maxIdentityBytes = 64 * 1024;
const suffix = ".membership.json";

/** Below the home folder: identity, memberships, and on an owner's machine the root keys. */
export function meshFolder(home: string): string {
  return join(home, "mesh");
}

/** Reads what this device is; the first time makes its identity. @throws RemoteMediaError `identity-invalid`, `output-failed`, `store-failed` */
export async function loadMeshState({ homeFolder }: { readonly homeFolder: string }): Promise<MeshState> {
  const identity = await loadIdentity(homeFolder);
  const memberships: JoinedMesh[] = [];
  const useless: UselessMembership[] = [];
  const folder = meshFolder(homeFolder);
  for (const name of (await readdir(folder)).toSorted()) {
    if (!name.endsWith(suffix) || !isDeviceId(name.slice(0, -suffix.length))) continue;
    const file = join(folder, name);
    try {
      const admission = parseAdmission(await readBounded(file, maxAdmissionBytes), file);
      memberships.push({ ...verifyAdmission(admission, identity), file });
    } catch (thrown) {
      useless.push({ file, error: toRemoteMediaError(thrown) });
    }
  }
  memberships.sort((a, b) => (a.meshName < b.meshName ? -1 : 1));
  return { identity, memberships, useless };
}

/** Of two processes that come first, one makes it. @throws RemoteMediaError `identity-invalid`, `output-failed`, `store-failed` */
async function loadIdentity(home: string): Promise<Identity> {
  const folder = await ensureMeshFolder(home);
  const file = join(folder, "identity.json");
  const read = async (): Promise<Identity | undefined> => {
    const bytes = await readBounded(file, maxIdentityBytes).catch((thrown: unknown) => {
      if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new RemoteMediaError(
        "identity-invalid",
        `this device's identity can't be read: ${toRemoteMediaError(thrown).message}`,
        { where: { file }, cause: thrown },
      );
    });
    return bytes === undefined ? undefined : parseIdentity(bytes, file);
  };
  return (
    (await read()) ??
    (await withMeshLock(home, async () => {
      const found = await read();
      if (found !== undefined) return found;
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const dtls = createDtlsCertificate();
      const text = encodeIdentity({
        keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
        dtls: { ...dtls, fingerprint: fingerprintOf(dtls.certificatePem) },
      });
      await writeSecret(file, text);
      return parseIdentity(new TextEncoder().encode(text), file);
    }))
  );
}

/** Proves that an admission is this device's, by the root key that came with it. @throws RemoteMediaError `membership-invalid`, `membership-expired` */
export function verifyAdmission(admission: Admission, identity: Identity): Omit<JoinedMesh, "file"> {
  const { rootKey, bundle } = admission;
  const membership = verifyMembership(bundle, { rootKey, nowMs: Date.now(), buildMs });
  const isOurs =
    membership.device === identity.device && membership.dtlsFingerprint === identity.dtls.fingerprint;
  if (isOurs) return { ...admission, mesh: meshIdOf(rootKey), membership };
  throw new RemoteMediaError(
    "membership-invalid",
    `the membership is that of ${membership.name}, not of this device`,
    {
      hint: `this device is ${identity.device}; have its own request (remotemedia mesh request) admitted`,
    },
  );
}

/** Verifies an admission and keeps it: one file with membership and root key, in one write.
 * @throws RemoteMediaError `membership-invalid` also for one that is older than what is kept, `membership-expired`, `output-failed` */
export async function joinMesh(home: string, admission: Admission): Promise<JoinedMesh> {
  const identity = await loadIdentity(home);
  const joined = verifyAdmission(admission, identity);
  const file = join(meshFolder(home), `${joined.mesh}${suffix}`);
  return withMeshLock(home, async () => {
    const { memberships } = await loadMeshState({ homeFolder: home });
    const kept = memberships.find(({ mesh }) => mesh === joined.mesh);
    if (kept !== undefined && kept.membership.issued > joined.membership.issued) {
      throw new RemoteMediaError(
        "membership-invalid",
        "the membership is older than the one that this device has",
        {
          hint: "remotemedia mesh leave first, if it is meant",
        },
      );
    }
    await writeSecret(file, encodeAdmission(admission));
    return { ...joined, file };
  });
}

/** Forgets a mesh; its root key stays where this is its owner's machine. */
export async function leaveMesh(home: string, file: string): Promise<void> {
  await withMeshLock(home, async () => {
    await unlink(file);
    await openLinuxDisk().syncFolder(meshFolder(home));
  });
}

/** One change of the folder at a time. Not to be asked for within itself. */
export async function withMeshLock<Result>(home: string, action: () => Promise<Result>): Promise<Result> {
  return withFileLock(join(await ensureMeshFolder(home), ".lock"), action);
}

/** Its owner's alone: keys are in it. */
async function ensureMeshFolder(home: string): Promise<string> {
  const folder = meshFolder(home);
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (made === undefined) await chmod(folder, 0o700);
    return folder;
  } catch (cause) {
    throw new RemoteMediaError(
      "output-failed",
      `the mesh's folder can't be made: ${toRemoteMediaError(cause).message}`,
      {
        where: { file: folder },
        cause,
      },
    );
  }
}

/** Whole or not at all, and only its owner may read it. */
async function writeSecret(file: string, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  const chunks = async function* () {
    yield bytes;
  };
  await writeWholeFile(file, chunks(), openLinuxDisk(0o600));
}
