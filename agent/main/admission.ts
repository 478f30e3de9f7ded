// An admission: a device's membership together with the root key that it is verified by and what its mesh is called. What the
// mesh's owner hands over, and what the device keeps, in one file, so that it has both or neither.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { decodeBase64, encodeBase64 } from "../trust/base64.ts";
import { type PublicKey, parsePublicKey } from "../trust/public-key.ts";
import { parseStrictJson, readObject } from "../trust/strict-json.ts";

export interface Admission {
  /** For people; a mesh's id is that of its root key. */
  readonly meshName: string;
  readonly rootKey: PublicKey;
  /** The signed membership; nobody has verified it yet. */
  readonly bundle: Uint8Array;
}

const version = 1;
export const maxAdmissionBytes = 64 * 1024;

export function encodeAdmission({ meshName, rootKey, bundle }: Admission): string {
  const document = { version, mesh_name: meshName, root_key: rootKey.pem, membership: encodeBase64(bundle) };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** @throws RemoteMediaError `membership-invalid`; `key-invalid` for a root key that is none */
export function parseAdmission(bytes: Uint8Array, file?: string): Admission {
  const refuse = (why: string) =>
    new RemoteMediaError("membership-invalid", `the admission ${why}`, {
      ...(file === undefined ? {} : { where: { file } }),
      hint: "it is what `remotemedia mesh admit` writes",
    });
  const read = readObject(
    parseStrictJson(bytes, { maxBytes: maxAdmissionBytes }, refuse),
    "the file",
    ["version", "mesh_name", "root_key", "membership"],
    refuse,
  );
  if (read["version"] !== version) throw refuse(`is of another version than ${version}`);
  const { mesh_name: meshName, root_key: rootKey, membership } = read;
  if (!isMeshName(meshName)) throw refuse("has no name of its mesh");
  const bundle = typeof membership === "string" ? decodeBase64(membership) : undefined;
  if (typeof rootKey !== "string" || bundle === undefined) throw refuse("has no root key and membership");
  return { meshName, rootKey: parsePublicKey(rootKey, file), bundle };
}

/** Names of meshes are names of files, too. */
export function isMeshName(name: unknown): name is string {
  return typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name);
}
