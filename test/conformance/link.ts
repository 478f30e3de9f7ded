// The link suite: what whoever links two devices may rely on, whatever carries it.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LinkSignal, lowWaterBytes } from "../../platform/contract/link.ts";
import {
  closed,
  connect,
  connected,
  ended,
  introduce,
  type LinkStand,
  messages,
  nextChannel,
  pattern,
  refusal,
  settle,
} from "./link-stand.ts";

/** Runs the suite; each test has a stand of its own. */
export function describeLinks(name: string, openStand: () => Promise<LinkStand>): void {
  describe(`${name} makes links that`, () => {
    let stand: LinkStand;
    beforeEach(async () => {
      stand = await openStand();
    });
    afterEach(async () => stand?.[Symbol.asyncDispose]());
    describeConnecting(() => stand);
    describeMessages(() => stand);
    describeEnds(() => stand);
    describeSignals(() => stand);
  });
}

type Stand = () => LinkStand;

function describeConnecting(stand: Stand): void {
  it("connect, and know each other's certificate", async () => {
    const { near, far, control, farControl } = await connect(stand());
    expect([near.state, far.state]).toEqual(["connected", "connected"]);
    expect(near.remoteFingerprint).toBe(stand().far.fingerprint);
    expect(far.remoteFingerprint).toBe(stand().near.fingerprint);
    expect(stand().near.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect([control.label, farControl.label]).toEqual(["control", "control"]);
  });

  it("measure themselves, also after their end", async () => {
    const { near, control, farControl } = await connect(stand());
    control.send(pattern(50_000));
    await settle(stand(), messages(farControl, 1));
    expect(near.statistics().bytesSent).toBeGreaterThanOrEqual(50_000);
    near.close();
    expect(near.statistics().bytesSent).toBeGreaterThanOrEqual(50_000);
  });

  it("connect when every candidate came before its description", async () => {
    const early: (() => void)[] = [];
    const { near, far } = introduce(stand(), (signal, to) => {
      if (signal.kind === "candidate") {
        to.accept(signal);
        return;
      }
      // The description waits for a few turns of the event loop, in which candidates overtake it.
      early.push(() => to.accept(signal));
      setTimeout(() => early.shift()?.(), 30);
    });
    await settle(stand(), Promise.all([connected(near), connected(far)]));
    expect(far.state).toBe("connected");
  });

  it("open channels later, from both ends", async () => {
    const { near, far } = await connect(stand());
    const atFar = nextChannel(far);
    const atNear = nextChannel(near);
    near.openChannel({ label: "stage-1" }).send(pattern(10));
    far.openChannel({ label: "stage-2" }).send(pattern(20));
    const [fromNear, fromFar] = await settle(stand(), Promise.all([atFar, atNear]));
    expect([fromNear.label, fromFar.label]).toEqual(["stage-1", "stage-2"]);
    expect(await settle(stand(), messages(fromNear, 1))).toEqual([pattern(10)]);
    expect(await settle(stand(), messages(fromFar, 1))).toEqual([pattern(20)]);
  });
}

function describeMessages(stand: Stand): void {
  it("bring messages of every size whole, both ways", async () => {
    const { control, farControl } = await connect(stand());
    expect(control.maxMessageBytes).toBeGreaterThanOrEqual(65_536);
    const sizes = [0, 1, 1199, 16_384, 65_535, 65_536, control.maxMessageBytes, 0];
    for (const [from, to] of [
      [control, farControl],
      [farControl, control],
    ] as const) {
      const all = messages(to, sizes.length);
      for (const size of sizes) from.send(pattern(size));
      const came = await settle(stand(), all);
      expect(came.map(({ length }) => length)).toEqual(sizes);
      for (const bytes of came) expect(Buffer.compare(bytes, pattern(bytes.length))).toBe(0);
    }
  });

  it("keep the order, and take a copy of what is sent", async () => {
    const { control, farControl } = await connect(stand());
    const all = messages(farControl, 2000);
    const bytes = new Uint8Array(4);
    for (let index = 0; index < 2000; index++) {
      new DataView(bytes.buffer).setUint32(0, index);
      control.send(bytes);
    }
    const numbers = (await settle(stand(), all)).map((came) =>
      new DataView(came.buffer, came.byteOffset).getUint32(0),
    );
    expect(numbers).toEqual(Array.from({ length: 2000 }, (_, index) => index));
  });

  it("keep what is sent before they are open, and what comes before anybody listens", async () => {
    const { near, far, control } = introduce(stand());
    for (let index = 0; index < 5; index++) control.send(pattern(index + 1));
    expect(control.state).toBe("opening");
    const arrived = nextChannel(far);
    await settle(stand(), Promise.all([connected(near), connected(far)]));
    const farControl = await settle(stand(), arrived);
    // The answer on a second channel shows that the first one's messages came while nobody listened.
    const second = nextChannel(near);
    far.openChannel({ label: "second" }).send(pattern(1));
    await settle(
      stand(),
      second.then((channel) => messages(channel, 1)),
    );
    const came = await settle(stand(), messages(farControl, 5));
    expect(came.map(({ length }) => length)).toEqual([1, 2, 3, 4, 5]);
  });

  it("never call a listener from inside the call that gives it", async () => {
    const { near, far, control, farControl } = await connect(stand());
    const calls: string[] = [];
    control.send(pattern(3));
    near.openChannel({ label: "later" });
    const later = settle(stand(), nextChannel(far));
    await later;
    farControl.onMessage(() => calls.push("message"));
    near.onConnected(() => calls.push("connected"));
    far.close();
    far.onEnd(() => calls.push("end"));
    farControl.onClose(() => calls.push("close"));
    expect(calls).toEqual([]);
  });

  it("refuse a message that is too large, and go on", async () => {
    const { control, farControl } = await connect(stand());
    const all = messages(farControl, 1);
    expect(refusal(() => control.send(new Uint8Array(control.maxMessageBytes + 1)))).toBe("internal");
    control.send(pattern(7));
    expect(await settle(stand(), all)).toEqual([pattern(7)]);
  });

  it("tell what is buffered, and when it has fallen", async () => {
    const { control, farControl } = await connect(stand());
    const count = 256;
    const all = messages(farControl, count);
    const low = new Promise<number>((resolve) => control.onLow(() => resolve(control.bufferedBytes)));
    for (let index = 0; index < count; index++) control.send(pattern(65_536, index));
    expect(control.bufferedBytes).toBeGreaterThan(4 * lowWaterBytes);
    expect(await settle(stand(), low)).toBeLessThanOrEqual(lowWaterBytes);
    await settle(stand(), all);
  });
}

function describeEnds(stand: Stand): void {
  for (const closer of ["near", "far"] as const) {
    it(`end at both ends when the ${closer} one closes, every channel before`, async () => {
      const pair = await connect(stand());
      const order: string[] = [];
      const [own, other] = closer === "near" ? [pair.near, pair.far] : [pair.far, pair.near];
      const otherChannel = closer === "near" ? pair.farControl : pair.control;
      otherChannel.onClose(() => order.push("channel"));
      other.onEnd(() => order.push("link"));
      own.close();
      own.close();
      expect(own.state).toBe("closed");
      expect(await settle(stand(), Promise.all([ended(own), ended(other)]))).toEqual(["local", "remote"]);
      expect(order).toEqual(["channel", "link"]);
      expect([pair.control.state, pair.farControl.state]).toEqual(["closed", "closed"]);
      // Whoever asks late is told as well.
      expect(await settle(stand(), ended(other))).toBe("remote");
      expect(refusal(() => pair.control.send(pattern(1)))).toBe("peer-lost");
      expect(refusal(() => other.openChannel({ label: "late" }))).toBe("peer-lost");
    });
  }

  it("close one channel and keep the others", async () => {
    const { near, far, control, farControl } = await connect(stand());
    const arrived = nextChannel(far);
    const extra = near.openChannel({ label: "extra" });
    const farExtra = await settle(stand(), arrived);
    const gone = Promise.all([closed(extra), closed(farExtra)]);
    farExtra.close();
    farExtra.close();
    await settle(stand(), gone);
    expect(extra.state).toBe("closed");
    control.send(pattern(9));
    expect(await settle(stand(), messages(farControl, 1))).toEqual([pattern(9)]);
  });

  it("hand over what came before the other end closed", async () => {
    const { near, far, control, farControl } = await connect(stand());
    const reply = messages(control, 1);
    control.send(pattern(12));
    farControl.send(pattern(1));
    await settle(stand(), reply);
    const end = ended(far);
    near.close();
    await settle(stand(), end);
    expect(await settle(stand(), messages(farControl, 1))).toEqual([pattern(12)]);
  });

  it("fail when a listener throws, and hurt no other link", async () => {
    const [broken, sound] = [await connect(stand()), await connect(stand())];
    const end = ended(broken.far);
    broken.farControl.onMessage(() => {
      throw new TypeError("a listener's own mistake");
    });
    broken.control.send(pattern(1));
    expect(await settle(stand(), end)).toBe("failed");
    sound.control.send(pattern(2));
    expect(await settle(stand(), messages(sound.farControl, 1))).toEqual([pattern(2)]);
  });

  it("close when their maker does", async () => {
    const { near, far } = await connect(stand());
    const end = ended(far);
    await stand().near.close();
    expect(near.state).toBe("closed");
    expect(await settle(stand(), end)).toBe("remote");
  });
}

function describeSignals(stand: Stand): void {
  it("refuse signals that can't be, and connect all the same", async () => {
    const { near, far } = introduce(stand());
    for (const signal of badSignals) {
      expect(
        refusal(() => far.accept(signal as LinkSignal)),
        JSON.stringify(signal).slice(0, 80),
      ).toBe("peer-invalid");
    }
    expect(refusal(() => near.accept({ kind: "offer", sdp: "v=0\r\n" }))).toBe("peer-invalid");
    await settle(stand(), Promise.all([connected(near), connected(far)]));
    expect(near.state).toBe("connected");
  });

  it("take no notice of signals after their end", async () => {
    const heard: LinkSignal[] = [];
    const pair = introduce(stand(), (signal, to) => {
      heard.push(signal);
      to.accept(signal);
    });
    await settle(stand(), Promise.all([connected(pair.near), connected(pair.far)]));
    pair.near.close();
    for (const signal of heard) {
      if (signal.kind !== "offer") expect(() => pair.near.accept(signal)).not.toThrow();
    }
    expect(pair.near.state).toBe("closed");
  });
}

const badSignals: readonly unknown[] = [
  { kind: "answer", sdp: "v=0\r\n" },
  { kind: "offer", sdp: "" },
  { kind: "offer", sdp: "nonsense" },
  { kind: "offer", sdp: "v=0\r\n" },
  { kind: "offer", sdp: `v=0\r\n${"a=x\r\n".repeat(100_000)}` },
  { kind: "offer", sdp: 7 },
  { kind: "offer" },
  { kind: "candidate", candidate: "candidate:\u0000", mid: "0" },
  { kind: "candidate", candidate: "nonsense", mid: "0" },
  { kind: "candidate", candidate: `candidate:${"1".repeat(100_000)}`, mid: "0" },
  { kind: "candidate", candidate: "candidate:1 1 UDP 1 127.0.0.1 9 typ host", mid: 0 },
  { kind: "pranswer", sdp: "v=0\r\n" },
  {},
];
