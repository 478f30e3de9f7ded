// An attempt to connect with one peer: a link, what was said of it, and the session that may come of it.
import type { Link, LinkMaker, LinkSignal } from "../../platform/contract/link.ts";
import type { SignalBody } from "./signal-message.ts";

export type AttemptBody = Extract<SignalBody, { attempt: string }>;

interface AttemptOptions {
  readonly id: string;
  readonly role: "offerer" | "answerer";
  readonly links: LinkMaker;
  readonly send: (body: AttemptBody) => void;
}

export class Attempt {
  readonly id: string;
  readonly link: Link;
  readonly #said: AttemptBody[] = [];
  readonly #send: (body: AttemptBody) => void;

  constructor({ id, role, links, send }: AttemptOptions) {
    this.id = id;
    this.#send = send;
    this.link = links.makeLink({ role, signal: (signal) => this.#say(signal) });
  }

  /** Says everything once more: somebody may have lost it on the way. The other end takes what it knows for nothing new. */
  repeat(): void {
    for (const body of this.#said) this.#send(body);
  }

  /** @throws RemoteMediaError `peer-invalid` */
  accept(body: AttemptBody): void {
    if (body.type === "disconnect") this.link.close();
    else if (body.type === "candidate") {
      this.link.accept({ kind: "candidate", candidate: body.candidate, mid: body.mid });
    } else this.link.accept({ kind: body.type, sdp: body.sdp });
  }

  #say(signal: LinkSignal): void {
    const body: AttemptBody =
      signal.kind === "candidate"
        ? { type: "candidate", attempt: this.id, candidate: signal.candidate, mid: signal.mid }
        : { type: signal.kind, attempt: this.id, sdp: signal.sdp };
    this.#said.push(body);
    this.#send(body);
  }
}

/** Whether a description shows this certificate, and no other. */
export function showsCertificate(sdp: string, fingerprint: string): boolean {
  const shown = [...sdp.matchAll(/^a=fingerprint:(\S+) (\S+)\r?$/gm)];
  return (
    shown.length > 0 &&
    shown.every(
      ([, hash, value]) => hash?.toLowerCase() === "sha-256" && value?.toUpperCase() === fingerprint,
    )
  );
}
