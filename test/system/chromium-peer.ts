// A headless Chromium with one peer connection a page, as a link's other end that nobody here wrote.
import { type Browser, chromium, type Page } from "playwright-core";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { LinkOptions, LinkSignal } from "../../platform/contract/link.ts";

const executable = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => Bun.which(path) !== null,
);

// Reason of a skip: the machine lacks Debian's chromium.
export const hasChromium = executable !== undefined;

/** What a page tells of its connection, in order. A message's bytes are in base64. */
export type PageEvent =
  | { readonly kind: "signal"; readonly signal: LinkSignal }
  | { readonly kind: "open" | "close"; readonly label: string }
  | {
      readonly kind: "message";
      readonly label: string;
      readonly form: "text" | "binary";
      readonly data: string;
    };

/** `hidesAddresses`: host candidates are names of mDNS, as every user's browser gives them, instead of addresses. */
export async function openChromium(hidesAddresses: boolean): Promise<Browser> {
  if (executable === undefined) throw new RemoteMediaError("internal", "there is no Chromium here");
  return chromium.launch({
    executablePath: executable,
    // Its sandbox refuses root; the other flags keep it off the network and off the graphics that a server lacks.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      ...(hidesAddresses ? [] : ["--disable-features=WebRtcHideLocalIpsWithMdns"]),
    ],
    // The test runner ends tests, not the browser's driver.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}

/** One connection in a page of its own. The channel `echo` sends back what comes on it, in the form it came. */
export class ChromiumPeer implements AsyncDisposable {
  readonly #page: Page;
  readonly #events: PageEvent[] = [];
  readonly #watchers = new Set<() => void>();
  /** Told one after another, so that an answer's candidates stay behind it. */
  #said: Promise<unknown> = Promise.resolve();

  private constructor(page: Page) {
    this.#page = page;
  }

  static async open(
    browser: Browser,
    role: LinkOptions["role"],
    signal: (signal: LinkSignal) => void,
  ): Promise<ChromiumPeer> {
    const page = await browser.newPage();
    const peer = new ChromiumPeer(page);
    await page.exposeFunction("tell", (event: PageEvent) => {
      if (event.kind === "signal") signal(event.signal);
      else peer.#events.push(event);
      for (const watcher of [...peer.#watchers]) watcher();
    });
    await page.setContent("<!doctype html><title>peer</title>");
    await page.evaluate(pageScript);
    if (role === "offerer") await peer.call("offer");
    return peer;
  }

  accept(signal: LinkSignal): void {
    this.#said = this.#said.then(() => this.call("accept", signal));
    // A page that is closed by then needs no signals.
    this.#said.catch(() => {});
  }

  /** The first `count` events that fit, once they are there. */
  async wait<K extends PageEvent["kind"]>(
    kind: K,
    label: string,
    count = 1,
  ): Promise<(PageEvent & { kind: K })[]> {
    for (;;) {
      const found = this.#events.filter(
        (event): event is PageEvent & { kind: K } =>
          event.kind === kind && "label" in event && event.label === label,
      );
      if (found.length >= count) return found.slice(0, count);
      await new Promise<void>((resolve) => {
        const watcher = () => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  /** One of the script's functions. */
  call(
    name: "offer" | "accept" | "open" | "send" | "closeChannel" | "close",
    ...words: unknown[]
  ): Promise<void> {
    return this.#page.evaluate(`peer.${name}(...${JSON.stringify(words)})`);
  }

  /** As the page itself reads it out of its own or our description. */
  fingerprint(side: "localDescription" | "remoteDescription"): Promise<string> {
    return this.#page.evaluate(`peer.fingerprint("${side}")`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page.close();
  }
}

/** Text, since the types of pages aren't those of this program. */
const pageScript = `
  const connection = new RTCPeerConnection({ iceServers: [] });
  const channels = new Map();
  const early = [];
  const hold = (channel) => {
    const { label } = channel;
    channels.set(label, channel);
    channel.binaryType = "arraybuffer";
    channel.onopen = () => tell({ kind: "open", label });
    channel.onclose = () => tell({ kind: "close", label });
    channel.onmessage = ({ data }) => {
      if (label === "echo") return channel.send(data);
      const isText = typeof data === "string";
      const bytes = isText ? new TextEncoder().encode(data) : new Uint8Array(data);
      tell({ kind: "message", label, form: isText ? "text" : "binary", data: btoa(String.fromCharCode(...bytes)) });
    };
    return channel;
  };
  connection.ondatachannel = ({ channel }) => {
    hold(channel);
    if (channel.readyState === "open") tell({ kind: "open", label: channel.label });
  };
  connection.onicecandidate = ({ candidate }) => {
    if (!candidate || candidate.candidate === "") return;
    tell({ kind: "signal", signal: { kind: "candidate", candidate: candidate.candidate, mid: candidate.sdpMid } });
  };
  const describe = async () => {
    await connection.setLocalDescription();
    const { type, sdp } = connection.localDescription;
    tell({ kind: "signal", signal: { kind: type, sdp } });
  };
  window.peer = {
    offer: () => {
      hold(connection.createDataChannel("control"));
      return describe();
    },
    accept: async (signal) => {
      if (signal.kind === "candidate") {
        const one = { candidate: signal.candidate.replace(/^a=/, ""), sdpMid: signal.mid };
        if (connection.remoteDescription) await connection.addIceCandidate(one);
        else early.push(one);
        return;
      }
      await connection.setRemoteDescription({ type: signal.kind, sdp: signal.sdp });
      for (const one of early.splice(0)) await connection.addIceCandidate(one);
      if (signal.kind === "offer") await describe();
    },
    open: (label) => void hold(connection.createDataChannel(label)),
    send: (label, text) => channels.get(label).send(text),
    closeChannel: (label) => channels.get(label).close(),
    close: () => connection.close(),
    fingerprint: (side) => /^a=fingerprint:sha-256 (.*)$/m.exec(connection[side].sdp)[1].trim().toUpperCase(),
  };
  undefined;
`;
