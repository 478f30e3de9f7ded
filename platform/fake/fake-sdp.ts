// The session descriptions of fake links: text of the right shape, whose ICE name says which end wrote it.

import { RemoteMediaError } from "../base/error.ts";
import type { LinkSignal } from "../contract/link.ts";

export interface FakeDescription {
  readonly kind: "offer" | "answer";
  /** Which end of a link this is, such as `fake-17`. */
  readonly end: string;
  readonly fingerprint: string;
}

const maxSdpLength = 64 * 1024;

/** The description as text, as an end of a link would write it. */
export function writeFakeSdp({ kind, end, fingerprint }: FakeDescription): LinkSignal {
  const lines = [
    "v=0",
    "o=- 1 0 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0",
    `a=fingerprint:sha-256 ${fingerprint}`,
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    `a=setup:${kind === "offer" ? "actpass" : "passive"}`,
    `a=ice-ufrag:${end}`,
    `a=ice-pwd:${end}-a-password-of-22-characters`,
    "a=sctp-port:5000",
    "a=max-message-size:65536",
  ];
  return { kind, sdp: `${lines.join("\r\n")}\r\n` };
}

/** @throws RemoteMediaError `peer-invalid` for a text that no fake link wrote */
export function parseFakeSdp(kind: "offer" | "answer", sdp: string): FakeDescription {
  if (typeof sdp !== "string" || sdp.length > maxSdpLength) throw refusal("is no text, or too long");
  const fingerprint = /^a=fingerprint:sha-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})\r?$/m.exec(sdp)?.[1];
  if (fingerprint === undefined) throw refusal("names no SHA-256 fingerprint");
  const end = /^a=ice-ufrag:([A-Za-z0-9+/-]{4,256})\r?$/m.exec(sdp)?.[1];
  if (end === undefined) throw refusal("has no ICE name");
  if (!/^m=application /m.test(sdp)) throw refusal("has no channels");
  return { kind, end, fingerprint };
}

function refusal(what: string): RemoteMediaError {
  return new RemoteMediaError("peer-invalid", `The session description ${what}.`);
}

/** SHA-256-shaped, the same for the same name. Nothing is hashed: it only has to differ. */
export function fakeFingerprint(name: string): string {
  let state = 0x811c9dc5;
  for (const unit of name) state = Math.imul(state ^ (unit.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  const octets: string[] = [];
  for (let place = 0; place < 32; place += 1) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    octets.push((state >>> 24).toString(16).toUpperCase().padStart(2, "0"));
  }
  return octets.join(":");
}
