// A process that answers links, told and telling signals over IPC; it sends back what comes on a channel.
import { hedgeLinks } from "../../../agent/mesh/hedged-links.ts";
import type { Link, LinkSignal } from "../../../platform/contract/link.ts";
import { systemTimers } from "../../../platform/contract/timers.ts";
import { openWebrtc } from "../../../platform/webrtc/open-webrtc.ts";

export interface NumberedSignal {
  readonly id: number;
  readonly signal: LinkSignal;
}

const maker = hedgeLinks(await openWebrtc(), { timers: systemTimers });
const links = new Map<number, Link>();

process.on("message", ({ id, signal }: NumberedSignal) => {
  const link = links.get(id) ?? answer(id);
  link.accept(signal);
});
process.on("disconnect", () => process.exit(0));
process.send?.({ fingerprint: maker.fingerprint });

function answer(id: number): Link {
  const link = maker.makeLink({ role: "answerer", signal: (signal) => process.send?.({ id, signal }) });
  link.onChannel((channel) => channel.onMessage((bytes) => channel.send(bytes)));
  links.set(id, link);
  return link;
}
