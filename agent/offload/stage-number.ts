// Numbers of the stages that we open at a peer: each once a session, however many pipelines share it.
import type { PeerSession } from "../protocol/peer-session.ts";

const last = new WeakMap<PeerSession, number>();

export function nextStageNumber(session: PeerSession): number {
  const number = (last.get(session) ?? 0) + 1;
  last.set(session, number);
  return number;
}
