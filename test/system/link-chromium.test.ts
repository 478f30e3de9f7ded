// Links to a browser: whoever speaks WebRTC is a peer, not only libdatachannel.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Link, LinkMaker, LinkOptions, LinkSignal } from "../../platform/contract/link.ts";
import { openWebrtc } from "../../platform/webrtc/open-webrtc.ts";
import { closed, connected, ended, messages, nextChannel, pattern } from "../conformance/link-stand.ts";
import { ChromiumPeer, hasChromium, openChromium } from "./chromium-peer.ts";

// A browser on a busy machine takes its time. Tried again: one connect in some hundred fails in libdatachannel, and a page can't race tries.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });
const options = { retry: 2 };

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

// Reason of a skip: the machine lacks Debian's chromium.
describe.runIf(hasChromium).each([
  { addresses: "shown", hides: false },
  { addresses: "hidden behind mDNS", hides: true },
])("Chromium with its addresses $addresses", ({ hides }) => {
  let browser: Browser;
  let maker: LinkMaker;
  let peer: ChromiumPeer | undefined;
  beforeAll(async () => {
    browser = await openChromium(hides);
  });
  afterAll(async () => browser?.close());
  beforeEach(async () => {
    maker = await openWebrtc();
  });
  afterEach(async () => {
    await maker.close();
    await peer?.[Symbol.asyncDispose]();
  });

  /** A link to a page; `role` is Chromium's. */
  async function meet(role: LinkOptions["role"]) {
    const early: LinkSignal[] = [];
    const heard: LinkSignal[] = [];
    const link: Link = maker.makeLink({
      role: role === "offerer" ? "answerer" : "offerer",
      signal: (signal) => (peer === undefined ? early.push(signal) : peer.accept(signal)),
    });
    peer = undefined;
    const control = role === "answerer" ? link.openChannel({ label: "control" }) : nextChannel(link);
    const other = await ChromiumPeer.open(browser, role, (signal) => {
      heard.push(signal);
      link.accept(signal);
    });
    peer = other;
    for (const signal of early) other.accept(signal);
    await connected(link);
    await other.wait("open", "control");
    return { link, page: other, control: await control, heard };
  }

  describe.each(["offerer", "answerer"] as const)("as the %s", (role) => {
    test("connects, and each end knows the other's certificate", options, async () => {
      const { link, page, heard } = await meet(role);
      expect(await page.fingerprint("remoteDescription")).toBe(maker.fingerprint);
      expect(link.remoteFingerprint).toBe(await page.fingerprint("localDescription"));
      const names = heard.flatMap((signal) => (signal.kind === "candidate" ? [signal.candidate] : []));
      expect(names.some((candidate) => candidate.includes(".local "))).toBe(hides);
    });

    test("brings messages of every size back whole, in order", options, async () => {
      const { link, page } = await meet(role);
      const channel = link.openChannel({ label: "echo" });
      await page.wait("open", "echo");
      expect(channel.maxMessageBytes).toBe(256 * 1024);
      const sizes = [0, 1, 65_536, 2, 256 * 1024, 0, 3];
      const back = messages(channel, sizes.length);
      for (const [index, size] of sizes.entries()) channel.send(pattern(size, index));
      const came = await back;
      expect(came.map(({ length }) => length)).toEqual(sizes);
      for (const [index, bytes] of came.entries()) {
        expect(Buffer.compare(bytes, pattern(bytes.length, index))).toBe(0);
      }
    });

    test("keeps the order of a thousand messages", options, async () => {
      const { link } = await meet(role);
      const channel = link.openChannel({ label: "echo" });
      const back = messages(channel, 1000);
      for (let index = 0; index < 1000; index++) channel.send(new TextEncoder().encode(`${index}`));
      expect((await back).map((bytes) => Number(text(bytes)))).toEqual(
        Array.from({ length: 1000 }, (_, i) => i),
      );
    });

    test("sends text, which comes as UTF-8, and takes bytes as bytes", options, async () => {
      const { page, control } = await meet(role);
      const came = messages(control, 2);
      await page.call("send", "control", "grüße, 世界 🎧");
      await page.call("send", "control", "");
      expect((await came).map(text)).toEqual(["grüße, 世界 🎧", ""]);
      control.send(new Uint8Array([0, 255, 128]));
      const [message] = await page.wait("message", "control");
      expect(message).toMatchObject({ form: "binary", data: "AP+A" });
    });

    test("opens and closes channels, as this end does", options, async () => {
      const { link, page, control } = await meet(role);
      const arrived = nextChannel(link);
      await page.call("open", "stage-1");
      const channel = await arrived;
      expect(channel.label).toBe("stage-1");
      const own = link.openChannel({ label: "stage-2" });
      await Promise.all([page.wait("open", "stage-1"), page.wait("open", "stage-2")]);
      const gone = closed(channel);
      await page.call("closeChannel", "stage-1");
      await gone;
      own.close();
      await page.wait("close", "stage-2");
      expect([link.state, control.state]).toEqual(["connected", "open"]);
    });

    test("is told when this end closes", options, async () => {
      const { link, page } = await meet(role);
      link.close();
      await page.wait("close", "control");
    });

    test("tells this end when it closes", options, async () => {
      const { link, page, control } = await meet(role);
      const end = Promise.all([ended(link), closed(control)]);
      await page.call("close");
      expect((await end)[0]).toBe("remote");
    });
  });
});
