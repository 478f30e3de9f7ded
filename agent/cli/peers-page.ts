// What `peers` shows to people.
import type { PeerDocument, PeersDocument } from "../web/control-documents.ts";
import { formatMs } from "./quantity.ts";
import { formatTable } from "./table.ts";

export function formatPeers({ mesh, peers }: PeersDocument): string[] {
  if (mesh === null) return ["a member of no mesh: remotemedia mesh create or mesh join"];
  if (peers.length === 0) return [`no peers of ${mesh} are known yet`];
  return formatTable(
    [
      { title: "name", text: ({ name }) => name },
      { title: "session", text: sessionOf },
      { title: "rtt", right: true, text: ({ rtt_ms: rtt }) => (rtt === null ? "" : `${formatMs(rtt)} ms`) },
      {
        title: "load",
        right: true,
        text: ({ load }) => (load === null ? "" : `${Math.round(load.cpu * 100)} %`),
      },
      { title: "stages", right: true, text: ({ load }) => (load === null ? "" : String(load.sessions)) },
      { title: "roles", text: ({ roles }) => roles.join(",") },
      { title: "can", text: ({ can }) => can.join(", ") },
      { title: "by", text: ({ via }) => via.join(", ") },
      { title: "device", text: ({ device }) => device },
    ],
    peers,
    "",
  );
}

function sessionOf({ session, barred, clock_offset_ms: offset }: PeerDocument): string {
  if (session === "barred") return `barred: ${barred ?? "it isn't said why"}`;
  // A minute is what signalling forgives.
  const isOff = offset !== null && Math.abs(offset) > 60_000;
  return isOff ? `${session}, its clock is ${Math.round(offset / 1000)} s off` : session;
}
