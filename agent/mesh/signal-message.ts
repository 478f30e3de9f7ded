// What two devices tell each other before there is a session: the bodies of signals.
import type { RemoteMediaError } from "../../platform/base/error.ts";
import { isObject } from "../trust/strict-json.ts";

/** An attempt to connect, named by the offerer; everything of it names it. */
export type SignalBody =
  /** Who the sender is, and what it wants to hear back as `echo`: proof that an answer isn't an old one. */
  | {
      readonly type: "announce";
      /** The signed membership, as text. */
      readonly membership: string;
      readonly challenge: string;
      /** The receiver shall offer a session, or announce itself so that the sender can. */
      readonly wantsSession: boolean;
    }
  | { readonly type: "offer" | "answer"; readonly attempt: string; readonly sdp: string }
  | { readonly type: "candidate"; readonly attempt: string; readonly candidate: string; readonly mid: string }
  /** The attempt, or the session that came of it, is over for the sender. */
  | { readonly type: "disconnect"; readonly attempt: string };

/** RemoteMedia's names of the methods that carry them over JSON-RPC. */
export const signalMethods = {
  announce: "peer.announce",
  offer: "peer.offer",
  answer: "peer.answer",
  candidate: "peer.ice_candidate",
  disconnect: "peer.disconnect",
} as const satisfies Record<SignalBody["type"], string>;

const word = /^[A-Za-z0-9_-]{8,64}$/;

/** Of a peer, attacker-controlled. The description and the candidates are looked through where they are used. */
export function parseSignalBody(value: unknown, refuse: (why: string) => RemoteMediaError): SignalBody {
  if (!isObject(value)) throw refuse("has no body");
  const text = (key: string, maxLength: number): string => {
    const given = value[key];
    if (typeof given !== "string" || given.length > maxLength) throw refuse(`has no ${key}`);
    return given;
  };
  const name = (key: string): string => {
    const given = text(key, 64);
    if (!word.test(given)) throw refuse(`has no ${key}`);
    return given;
  };
  switch (value["type"]) {
    case "announce":
      return {
        type: "announce",
        membership: text("membership", 16 * 1024),
        challenge: name("challenge"),
        wantsSession: value["wantsSession"] === true,
      };
    case "offer":
    case "answer":
      return { type: value["type"], attempt: name("attempt"), sdp: text("sdp", 16 * 1024) };
    case "candidate":
      return {
        type: "candidate",
        attempt: name("attempt"),
        candidate: text("candidate", 1024),
        mid: text("mid", 64),
      };
    case "disconnect":
      return { type: "disconnect", attempt: name("attempt") };
    default:
      throw refuse("has a body of an unknown type");
  }
}
