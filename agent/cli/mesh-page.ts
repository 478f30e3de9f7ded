// What `mesh` shows of a device and its meshes, to people and as JSON.

import type { OwnMesh } from "../main/mesh-root.ts";
import type { JoinedMesh, MeshState } from "../main/mesh-state.ts";
import { oneLine } from "./terminal.ts";

export function formatState(
  { identity, memberships, useless }: MeshState,
  owned: readonly OwnMesh[],
): string[] {
  const joined = memberships.flatMap(({ meshName, mesh, membership }) => [
    `mesh    ${meshName}  (${mesh})`,
    `        as ${membership.name}: ${membership.roles.join(", ")}, until ${day(membership.expires)}`,
  ]);
  return [
    `device  ${identity.device}`,
    ...(joined.length === 0
      ? ["mesh    none: mesh create makes one, mesh join takes this device into one"]
      : joined),
    ...useless.map(
      ({ file, error }) => `broken  ${oneLine(file)}: ${oneLine(error.message)} [${error.code}]`,
    ),
    ...owned.map(({ meshName, file }) => `owner   of ${meshName}, by ${oneLine(file)}`),
  ];
}

export function describeState(
  { identity, memberships, useless }: MeshState,
  owned: readonly OwnMesh[],
): object {
  return {
    device: identity.device,
    dtls_fingerprint: identity.dtls.fingerprint,
    meshes: memberships.map(describeMembership),
    broken: useless.map(({ file, error }) => ({ file, code: error.code, message: error.message })),
    owner_of: owned.map(({ meshName, file }) => ({ name: meshName, root_key: file })),
  };
}

export function describeMembership({
  meshName,
  mesh,
  membership,
  rootKey,
}: Omit<JoinedMesh, "file">): object {
  return {
    mesh,
    mesh_name: meshName,
    root_key_id: rootKey.keyId,
    device: membership.device,
    name: membership.name,
    roles: membership.roles,
    issued: new Date(membership.issued).toISOString(),
    expires: new Date(membership.expires).toISOString(),
  };
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
