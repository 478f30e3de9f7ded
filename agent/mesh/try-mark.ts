// Signals of a link's later tries carry the try's number.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { LinkSignal } from "../../platform/contract/link.ts";

/** Tries that one link may have; what a peer names beyond is refused. */
export const maxTries = 4;

/** Signals of later tries carry their number where it disturbs nobody who doesn't know it: an attribute of the description, the name of the
 * medium of a candidate. Those of the first are as they were. */
export function markSignal(signal: LinkSignal, attempt: number): LinkSignal {
  if (attempt === 0) return signal;
  if (signal.kind === "candidate") return { ...signal, mid: `try${attempt}.${signal.mid}` };
  return { ...signal, sdp: `${signal.sdp}a=remotemedia-try:${attempt}\r\n` };
}

/** @throws RemoteMediaError `peer-invalid` for a try that can't be */
export function readMark(signal: LinkSignal): { readonly attempt: number; readonly signal: LinkSignal } {
  const mark =
    signal.kind === "candidate"
      ? /^try(\d{1,3})\.(.*)$/.exec(String(signal.mid))
      : /\r\na=remotemedia-try:(\d{1,3})\r\n$/.exec(String(signal.sdp));
  if (mark === null) return { attempt: 0, signal };
  const attempt = Number(mark[1]);
  if (attempt < 1 || attempt >= maxTries)
    throw new RemoteMediaError("peer-invalid", `a link has at most ${maxTries} tries`);
  if (signal.kind === "candidate") return { attempt, signal: { ...signal, mid: mark[2] ?? "" } };
  return { attempt, signal: { ...signal, sdp: `${signal.sdp.slice(0, mark.index)}\r\n` } };
}
