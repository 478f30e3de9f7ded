// What a device does about a channel document, case by case.
import { describe, expect, test } from "vitest";
import type { ChannelDocument } from "../../../agent/trust/channel-document.ts";
import {
  applyChannel,
  type ChannelState,
  isRevoked,
  trustChannel,
} from "../../../agent/trust/channel-state.ts";
import type { SigningKey } from "../../../agent/trust/signing-key.ts";
import type { Digest } from "../../../platform/base/digest.ts";
import { codeOf, dayMs, digest, floorMs, keyA, keyB, keyC, keys, nowMs, verified } from "./channel-stand.ts";

const start = trustChannel("door/stable", keys(keyA));
type Changes = Partial<ChannelDocument>;

/** What comes of a document, signed by `by`, at a time. */
function step(
  state: ChannelState,
  changes: Changes,
  at = nowMs,
  by: SigningKey[] = [keyA],
  running?: Digest,
) {
  return applyChannel(state, verified(changes, by, state.keys), { nowMs: at, floorMs }, running);
}
const taken = (changes: Changes = {}, state = start): ChannelState => step(state, changes).state;
const code = (state: ChannelState, changes: Changes, at = nowMs, by: SigningKey[] = [keyA]) =>
  codeOf(() => step(state, changes, at, by));

test("the first document gives its target, and is remembered", () => {
  const { state, target, runningRevoked } = step(start, {
    version: 7,
    minVersion: "0.5.0",
    revoked: [digest(2)],
  });
  expect(target).toEqual({ digest: digest(1), semver: "1.0.0" });
  expect(runningRevoked).toBe(false);
  expect(state).toEqual({
    channel: "door/stable",
    generation: 1,
    version: 7,
    latestSignedMs: nowMs,
    keys: keys(keyA),
    retired: [],
    revoked: [digest(2)],
    minVersion: "0.5.0",
    target,
  });
});

describe("versions", () => {
  test("an equal and a lower one are replays, a higher one is taken", () => {
    const state = taken({ version: 5 });
    expect(code(state, { version: 4 })).toBe("channel-replayed");
    expect(code(state, { version: 5 })).toBe("channel-replayed");
    expect(code(state, { version: 6 })).toBe("accepted");
  });

  test("rolling back is a higher version that names the older package", () => {
    const old = { digest: digest(1), semver: "1.0.0" };
    const newer = { digest: digest(2), semver: "2.0.0" };
    const state = taken({ version: 2, target: newer }, taken({ version: 1, target: old }));
    expect(code(state, { version: 1, target: old })).toBe("channel-replayed");
    expect(step(state, { version: 3, target: old }).target).toEqual(old);
  });

  test("a document of another channel isn't one of this, though the key is the same", () => {
    expect(code(start, { channel: "door/beta" })).toBe("channel-untrusted");
  });

  test("a document that was verified by other keys is refused here as well", () => {
    const other = verified({ keys: keys(keyB) }, [keyB], keys(keyB));
    expect(codeOf(() => applyChannel(start, other, { nowMs, floorMs }))).toBe("channel-untrusted");
    const announced = verified({ keys: keys(keyA, keyB) }, [keyA], keys(keyA, keyB));
    expect(codeOf(() => applyChannel(start, announced, { nowMs, floorMs }))).toBe("channel-untrusted");
  });
});

describe("times", () => {
  test("a document counts until it expires", () => {
    const changes = { issuedMs: nowMs, expiresMs: nowMs + dayMs };
    expect(code(start, changes, nowMs + dayMs - 1)).toBe("accepted");
    expect(code(start, changes, nowMs + dayMs)).toBe("channel-expired");
  });

  test("a clock that was set back doesn't make an expired document young", () => {
    const state = taken({ version: 1, issuedMs: nowMs });
    const frozen = { version: 2, issuedMs: nowMs - 20 * dayMs, expiresMs: nowMs - 1 };
    expect(code(state, frozen, nowMs - 10 * dayMs)).toBe("channel-expired");
    expect(code(state, frozen, 0)).toBe("channel-expired");
  });

  test("a document dated a little ahead of the clock is taken, one of more than a day isn't", () => {
    expect(code(start, { issuedMs: nowMs + dayMs })).toBe("accepted");
    expect(code(start, { issuedMs: nowMs + dayMs + 1 })).toBe("channel-future");
  });

  test("documents of 1970 are expired, and those of 2099 in the future, whatever the clock says", () => {
    for (const at of [0, floorMs - 1, floorMs, nowMs]) {
      expect(code(start, { issuedMs: 0, expiresMs: 400 * dayMs }, at)).toBe("channel-expired");
      expect(code(start, { issuedMs: Date.UTC(2099, 0, 1) }, at)).toBe("channel-future");
    }
  });

  test.each([0, -1, floorMs - 1, Number.NaN])("without a clock (%d) ten years are believed", (at) => {
    expect(code(start, { issuedMs: floorMs + 3653 * dayMs }, at)).toBe("accepted");
    expect(code(start, { issuedMs: floorMs + 3653 * dayMs + 1 }, at)).toBe("channel-future");
    const beforeTheBuild = { issuedMs: floorMs - 10 * dayMs, expiresMs: floorMs + 1 };
    expect(code(start, beforeTheBuild, at)).toBe("accepted");
    expect(code(start, { ...beforeTheBuild, expiresMs: floorMs }, at)).toBe("channel-expired");
  });

  test("a clock that is more than a day behind what was signed is none: new documents go on being taken", () => {
    const state = taken();
    const later = { version: 2, issuedMs: nowMs + 90 * dayMs };
    expect(code(state, later, nowMs - dayMs - 1)).toBe("accepted");
    expect(code(state, later, nowMs - dayMs)).toBe("channel-future");
  });

  test("a clock in 2099 finds everything expired", () => {
    expect(code(start, {}, Date.UTC(2099, 0, 1))).toBe("channel-expired");
  });

  test("the latest signed time never goes back", () => {
    expect(taken({ version: 2, issuedMs: nowMs - dayMs }, taken()).latestSignedMs).toBe(nowMs);
  });
});

describe("what must not run", () => {
  test("a document may not want what it revokes, nor what an earlier one revoked", () => {
    expect(code(start, { revoked: [digest(1)] })).toBe("channel-revoked");
    const state = taken({ version: 2, revoked: [] }, taken({ revoked: [digest(2)] }));
    expect(isRevoked(state, digest(2))).toBe(true);
    expect(code(state, { version: 3, target: { digest: digest(2), semver: "1.0.0" } })).toBe(
      "channel-revoked",
    );
  });

  test("it is told when what runs is revoked, also by an earlier document", () => {
    const first = step(start, { revoked: [digest(9)] }, nowMs, [keyA], digest(9));
    expect(first.runningRevoked).toBe(true);
    expect(step(first.state, { version: 2 }, nowMs, [keyA], digest(9)).runningRevoked).toBe(true);
    expect(step(first.state, { version: 2 }, nowMs, [keyA], digest(8)).runningRevoked).toBe(false);
  });

  test("a target below the least version is outdated; the least version never falls", () => {
    const target = { digest: digest(1), semver: "1.5.0" };
    expect(code(start, { target, minVersion: "1.5.0" })).toBe("accepted");
    expect(code(start, { target, minVersion: "1.5.1" })).toBe("channel-outdated");
    const state = taken({ target, minVersion: "1.4.0" });
    const older = { digest: digest(2), semver: "1.4.0-rc.1" };
    expect(code(state, { version: 2, target: older })).toBe("channel-outdated");
    expect(code(state, { version: 2, target: older, minVersion: "1.0.0" })).toBe("channel-outdated");
  });

  test("more is revoked than a device remembers: refused, not forgotten", () => {
    const some = (from: number) =>
      Array.from({ length: 1024 }, (_, at): Digest => `sha256:${(from + at).toString().padStart(64, "0")}`);
    const full = [0, 1, 2, 3].reduce(
      (state, round) => taken({ version: round + 1, revoked: some(round * 1024) }, state),
      start,
    );
    expect(code(full, { version: 9, revoked: [digest("a")] })).toBe("channel-invalid");
    expect(code(full, { version: 9, revoked: some(0) })).toBe("accepted");
  });
});

describe("keys", () => {
  const rotated = step(taken({ version: 5 }), { version: 6, keys: keys(keyB) }, nowMs, [keyA, keyB]).state;

  test("rotation counts the generation up and retires the old key", () => {
    expect(rotated).toMatchObject({
      generation: 2,
      version: 6,
      keys: keys(keyB),
      retired: [keyA.publicKey.keyId],
    });
  });

  test("after rotation the old key alone is refused, the new one alone is taken", () => {
    expect(code(rotated, { version: 7, keys: keys(keyB) }, nowMs, [keyA])).toBe("channel-untrusted");
    expect(code(rotated, { version: 7, keys: keys(keyB) }, nowMs, [keyB])).toBe("accepted");
  });

  test("a rotation that comes twice is a replay", () => {
    expect(code(rotated, { version: 6, keys: keys(keyB) }, nowMs, [keyA, keyB])).toBe("channel-replayed");
  });

  test("a new generation may count anew, so a version that was driven up is no obstacle", () => {
    const driven = taken({ version: Number.MAX_SAFE_INTEGER });
    const anew = { version: 1, keys: keys(keyB), issuedMs: nowMs + 1 };
    const state = step(driven, anew, nowMs, [keyA, keyB]).state;
    expect(state).toMatchObject({ generation: 2, version: 1 });
  });

  test("a rotation that was held back can't be replayed over what came later", () => {
    const state = taken({ version: 9 });
    const heldBack = { version: 5, keys: keys(keyB), issuedMs: nowMs - dayMs };
    expect(code(state, heldBack, nowMs, [keyA, keyB])).toBe("channel-replayed");
  });

  test("a retired key doesn't come back, neither as the current nor as the next one", () => {
    const again = { version: 7, keys: keys(keyA) };
    expect(code(rotated, again, nowMs, [keyA, keyB])).toBe("channel-untrusted");
    expect(code(rotated, { version: 7, keys: keys(keyB, keyA) }, nowMs, [keyA, keyB])).toBe(
      "channel-untrusted",
    );
  });

  test("announcing a key is no rotation; then only that one may follow", () => {
    const announced = step(start, { version: 3, keys: keys(keyA, keyB) }, nowMs, [keyA, keyB]).state;
    expect(announced).toMatchObject({ generation: 1, version: 3, retired: [] });
    expect(code(announced, { version: 4, keys: keys(keyC) }, nowMs, [keyA, keyC])).toBe("channel-untrusted");
    expect(code(announced, { version: 4, keys: keys(keyB) }, nowMs, [keyA, keyB])).toBe("accepted");
  });

  test("an announcement doesn't let versions count anew", () => {
    const state = taken({ version: 5 });
    const announcing = { version: 1, keys: keys(keyA, keyB), issuedMs: nowMs + 1 };
    expect(code(state, announcing, nowMs, [keyA, keyB])).toBe("channel-replayed");
  });
});
