// SignalGate: signals of members to us, fresh and once, pass; all others are dropped and counted.
import { describe, expect, test } from "vitest";
import { SignalGate } from "../../../agent/mesh/signal-gate.ts";
import type { SignalBody } from "../../../agent/mesh/signal-message.ts";
import type { SigningKey } from "../../../agent/trust/signing-key.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { type MemberGrant, makeMember, makeRootKey } from "../../support/mesh-members.ts";

const buildMs = Date.UTC(2026, 0, 1);
const startMs = Date.UTC(2026, 5, 1);
const yearMs = 365 * 24 * 3600 * 1000;
const rootKey = makeRootKey();

let words = 0;

function gateOf(options: { wallMs?: number; root?: SigningKey; grant?: MemberGrant } = {}) {
  const { wallMs = startMs, root = rootKey, grant } = options;
  const timers = new FakeTimers(wallMs);
  const member = makeMember(root, { issuedMs: startMs - 1000, expiresMs: startMs + yearMs * 3, ...grant });
  const gate = new SignalGate({
    ...member,
    rootKey: root.publicKey,
    timers,
    buildMs,
    randomWord: () => {
      words += 1;
      return `word-${words}-0123456789`;
    },
  });
  return { gate, timers, device: member.identity.device };
}

const candidate: SignalBody = { type: "candidate", attempt: "attempt-1", candidate: "candidate:1", mid: "0" };

describe("a signal", () => {
  test("of a member that has announced itself is heard", () => {
    const [near, far] = [gateOf(), gateOf({ grant: { name: "far" } })];
    expect(near.gate.open(far.gate.announce(near.device, true))).toMatchObject({
      from: { device: far.device, name: "far" },
      body: { type: "announce", wantsSession: true },
      isDoubtful: false,
      isReply: false,
    });
    expect(near.gate.open(far.gate.seal(near.device, candidate))?.body).toEqual(candidate);
    expect(near.gate.dropped.size).toBe(0);
  });

  test("of somebody who hasn't announced itself is dropped", () => {
    const [near, far] = [gateOf(), gateOf()];
    expect(near.gate.open(far.gate.seal(near.device, candidate))).toBeUndefined();
    expect(near.gate.dropped.get("stranger")).toBe(1);
  });

  test("of another mesh, or of an expired member, is dropped", () => {
    const near = gateOf();
    const other = gateOf({ root: makeRootKey() });
    expect(near.gate.open(other.gate.announce(near.device, false))).toBeUndefined();
    const old = gateOf({ grant: { expiresMs: startMs - 1 } });
    expect(near.gate.open(old.gate.announce(near.device, false))).toBeUndefined();
    expect(Object.fromEntries(near.gate.dropped)).toEqual({ stranger: 1, expired: 1 });
  });

  test("for somebody else is dropped, and one to nobody is heard only as an announcement", () => {
    const [near, far, third] = [gateOf(), gateOf(), gateOf()];
    expect(near.gate.open(far.gate.announce(third.device, false))).toBeUndefined();
    expect(near.gate.open(far.gate.announce("", false))?.from.device).toBe(far.device);
    expect(near.gate.open(far.gate.seal("", candidate))).toBeUndefined();
    expect(near.gate.dropped.get("addressee")).toBe(2);
  });

  test("that comes twice is heard once, also out of order", () => {
    const [near, far] = [gateOf(), gateOf()];
    const announced = far.gate.announce(near.device, false);
    const sealed = [1, 2, 3].map(() => far.gate.seal(near.device, candidate));
    near.gate.open(announced);
    const heard = [2, 0, 2, 1, 0].map((at) => near.gate.open(sealed[at]!) !== undefined);
    expect(heard).toEqual([true, true, false, true, false]);
    expect(near.gate.open(announced)).toBeUndefined();
    expect(near.gate.dropped.get("replayed")).toBe(3);
  });

  test("that was recorded is dropped later on", () => {
    const [near, far] = [gateOf(), gateOf()];
    near.gate.open(far.gate.announce(near.device, false));
    const recorded = far.gate.seal(near.device, candidate);
    near.timers.setWallMs(startMs + 61_000);
    expect(near.gate.open(recorded)).toBeUndefined();
    expect(near.gate.dropped.get("stale")).toBe(1);
  });

  test("with any byte changed is dropped", () => {
    const [near, far] = [gateOf(), gateOf()];
    near.gate.open(far.gate.announce(near.device, false));
    const sealed = far.gate.seal(near.device, candidate);
    for (let at = 0; at < sealed.length; at += 7) {
      const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
      if (changed !== sealed) expect(near.gate.open(changed), `at ${at}`).toBeUndefined();
    }
  });

  test("of a version from the future is dropped, and so is what is no signal", () => {
    const [near, far] = [gateOf(), gateOf()];
    near.gate.open(far.gate.announce(near.device, false));
    for (const text of [
      "",
      "{}",
      "null",
      "[1]",
      '{"payload":"","payloadType":"x","signatures":[]}',
      "\u0000",
    ]) {
      expect(near.gate.open(text)).toBeUndefined();
    }
    expect(near.gate.dropped.get("malformed")).toBe(6);
  });
});

describe("a clock a year off", () => {
  test.each([
    ["behind", -yearMs],
    ["ahead", yearMs],
  ])("%s keeps nobody out who echoes our challenge", (_, offMs) => {
    const [near, far] = [gateOf(), gateOf({ wallMs: startMs + offMs })];
    const first = near.gate.open(far.gate.announce(near.device, true));
    expect(first?.isDoubtful).toBe(true);
    expect(near.gate.open(far.gate.seal(near.device, candidate))).toBeUndefined();
    // The answer to what is doubtful carries a challenge; from then on the sender echoes it.
    expect(far.gate.open(near.gate.announce(far.device, false))?.isReply).toBe(true);
    expect(near.gate.open(far.gate.announce(near.device, true))).toMatchObject({
      isDoubtful: false,
      isReply: true,
    });
    const opened = near.gate.open(far.gate.seal(near.device, candidate));
    expect(opened?.clockOffsetMs).toBe(offMs);
  });

  test("doesn't make a recorded announcement count", () => {
    const [near, far] = [gateOf(), gateOf()];
    const recorded = far.gate.announce(near.device, true);
    near.timers.setWallMs(startMs + 3_600_000);
    expect(near.gate.open(recorded)?.isDoubtful).toBe(true);
  });
});

describe("a flood", () => {
  test("is cut before signatures are looked at, and is over when it is over", async () => {
    const [near, far] = [gateOf(), gateOf()];
    near.gate.open(far.gate.announce(near.device, false));
    const junk = far.gate.seal(near.device, candidate).replace(/"sig":"[^"]{4}/, '"sig":"AAAA');
    for (let count = 0; count < 1000; count++) near.gate.open(junk);
    expect(near.gate.dropped.get("flood")).toBeGreaterThan(700);
    expect(near.gate.open(far.gate.seal(near.device, candidate))).toBeUndefined();
    await near.timers.advance(1000);
    expect(near.gate.open(far.gate.seal(near.device, candidate))).toBeDefined();
  });

  test("of strangers doesn't keep members out", () => {
    const [near, far] = [gateOf(), gateOf()];
    near.gate.open(far.gate.announce(near.device, false));
    const stranger = gateOf({ root: makeRootKey() });
    for (let count = 0; count < 400; count++) near.gate.open(stranger.gate.announce(near.device, false));
    expect(near.gate.dropped.get("flood")).toBeGreaterThan(100);
    expect(near.gate.open(far.gate.seal(near.device, candidate))).toBeDefined();
  });
});
