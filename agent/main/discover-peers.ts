// Finds the members of the mesh on the local network by mDNS, and lets them find us.
import { openDiscovery } from "../../platform/mdns/open-discovery.ts";
import type { Member } from "./open-member.ts";
import type { AgentOptions } from "./running-agent.ts";

const serviceType = "_remotemedia._tcp";

/** What is found is an address to try, and no more: who is there has to prove it. */
export async function discoverPeers(
  { identity, joined, sockets }: Member,
  onLog: AgentOptions["onLog"],
): Promise<AsyncDisposable> {
  const discovery = await openDiscovery((problem) =>
    onLog({ level: "warning", about: "mdns", message: problem.message, error: problem }),
  );
  const { port } = sockets;
  if (port !== undefined) {
    discovery.advertise(serviceType, {
      name: identity.device,
      port,
      txt: { v: "1", mesh: joined.mesh, name: joined.membership.name },
    });
  }
  discovery.browse(
    serviceType,
    ({ name, addresses, port: theirs, txt }) => {
      // The lower id calls: of two that find each other one is enough.
      if (name <= identity.device || txt["mesh"] !== joined.mesh) return;
      const [address] = addresses;
      if (address === undefined) return;
      sockets.keep(`ws://${address.includes(":") ? `[${address}]` : address}:${theirs}`);
    },
    () => {},
  );
  return discovery;
}
