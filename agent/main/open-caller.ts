// openCaller: a member of the mesh for as long as one command runs: it asks, and serves nobody.
import type { CapabilityStatement } from "../capability/statement.ts";
import type { Config } from "../config/config.ts";
import type { MemberUse } from "./member-use.ts";
import { loadMeshState } from "./mesh-state.ts";
import { offerPackages } from "./offer-packages.ts";
import { chooseMesh, openMember } from "./open-member.ts";

/** @throws RemoteMediaError `membership-missing`, `identity-invalid`, `peer-unreachable` where this machine has no WebRTC */
export async function openCaller(
  config: Config,
  statement: CapabilityStatement,
): Promise<MemberUse & AsyncDisposable> {
  const { identity, memberships } = await loadMeshState(config);
  const joined = chooseMesh(memberships);
  const own = { ...statement, device: identity.device };
  const member = await openMember({ identity, joined, statement: () => own, reachesAll: false });
  const offers = offerPackages(member.mesh, config);
  return {
    identity,
    mesh: member.mesh,
    sockets: member.sockets,
    statement: () => own,
    offer: offers.offer,
    [Symbol.asyncDispose]: async () => {
      await member[Symbol.asyncDispose]();
      await offers[Symbol.asyncDispose]();
    },
  };
}
