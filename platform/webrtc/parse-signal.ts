// A signal of the other end, attacker-controlled: bounded and looked through before libdatachannel sees it.
import { RemoteMediaError } from "../base/error.ts";
import type { LinkOptions, LinkSignal } from "../contract/link.ts";

const maxSdpBytes = 16 * 1024;
const maxCandidateBytes = 1024;
/** Printable ASCII, line ends apart: all that SDP has. */
const text = /^[\x20-\x7e\r\n]*$/;
const line = /^[\x20-\x7e]*$/;

/** @throws RemoteMediaError `peer-invalid` */
export function parseSignal(signal: LinkSignal, role: LinkOptions["role"]): LinkSignal {
  switch (signal.kind) {
    case "candidate": {
      const { candidate, mid } = signal;
      const fits = isText(candidate, maxCandidateBytes, line) && isText(mid, 64, line);
      if (!fits || !/^(a=)?candidate:/.test(candidate)) throw refuse("a candidate that is none");
      return { kind: "candidate", candidate, mid };
    }
    case "offer":
    case "answer": {
      if ((signal.kind === "offer") === (role === "offerer")) throw refuse(`an ${signal.kind} to an ${role}`);
      const { sdp } = signal;
      if (!isText(sdp, maxSdpBytes, text) || !sdp.startsWith("v=0"))
        throw refuse("a description that is none");
      if (!/^a=fingerprint:sha-256 [0-9A-Fa-f:]{95}\r?$/m.test(sdp))
        throw refuse("a description without a fingerprint");
      if (!/^m=application /m.test(sdp)) throw refuse("a description without channels");
      return { kind: signal.kind, sdp };
    }
    default:
      throw refuse("a signal of an unknown kind");
  }
}

function isText(value: unknown, maxLength: number, form: RegExp): value is string {
  return typeof value === "string" && value.length <= maxLength && form.test(value);
}

function refuse(what: string): RemoteMediaError {
  return new RemoteMediaError("peer-invalid", `the other end sent ${what}`);
}
