// hedgeLinks: links that are tried again while the first try still may come, so that one lost packet costs no second.
import type { Link, LinkMaker, LinkOptions } from "../../platform/contract/link.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import { HedgedLink } from "./hedged-link.ts";

export interface HedgeOptions {
  readonly timers: Timers;
  /** When the next try begins while none is connected, in ms after the first; each costs a connection. Default after 45, 160 and 450: some ten times what a link in a LAN takes. */
  readonly afterMs?: readonly number[];
}

/** Makers whose links race. Both ends have to hedge: an answerer that doesn't, keeps to the first try.
 * A lost packet of the DTLS handshake is repeated only after a second, by OpenSSL's clock, which can't be set.
 * @see https://www.rfc-editor.org/rfc/rfc6347#section-4.2.4.1 */
export function hedgeLinks(maker: LinkMaker, { timers, afterMs = [45, 160, 450] }: HedgeOptions): LinkMaker {
  const links = new Set<Link>();
  return {
    fingerprint: maker.fingerprint,
    makeLink: (options: LinkOptions): Link => {
      const link = new HedgedLink({ ...options, maker, timers, afterMs });
      links.add(link);
      link.onEnd(() => links.delete(link));
      return link;
    },
    close: async () => {
      for (const link of [...links]) link.close();
      await maker.close();
    },
  };
}
