// What is remembered of a channel, as bytes: read as it was written, and refused where a bit of it changed.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChannelState, trustChannel } from "../../../agent/trust/channel-state.ts";
import { encodeChannelState, parseChannelState } from "../../../agent/trust/channel-state-file.ts";
import { codeOf, digest, keyA, keyB, keys, nowMs } from "./channel-stand.ts";

const full: ChannelState = {
  channel: "door/stable",
  generation: 3,
  version: 12,
  latestSignedMs: nowMs,
  keys: keys(keyA, keyB),
  retired: ["0".repeat(64), "1".repeat(64)],
  revoked: [digest(3), digest(4)],
  minVersion: "1.2.3-rc.1",
  target: { digest: digest(5), semver: "1.4.0" },
};

test.each([
  ["a full state", full],
  ["the first state", trustChannel("a", keys(keyA))],
])("%s is read as it was written", (_, state) => {
  expect(parseChannelState(encodeChannelState(state))).toEqual(state);
});

test("every bit counts", () => {
  const bytes = encodeChannelState(full);
  for (let at = 0; at < bytes.length; at += 1) {
    const flipped = bytes.slice();
    flipped[at]! ^= 1 << (at % 8);
    expect(codeOf(() => parseChannelState(flipped))).toBe("store-failed");
  }
});

test("a state that is cut short anywhere is refused", () => {
  const bytes = encodeChannelState(full);
  for (let length = 0; length < bytes.length; length += 1)
    expect(codeOf(() => parseChannelState(bytes.subarray(0, length)))).toBe("store-failed");
});

/** Bytes with a good checksum over a state with some fields set. */
function forged(changes: Record<string, unknown>): Uint8Array {
  const body = new TextDecoder().decode(encodeChannelState(full)).split("\n")[1]!;
  const text = JSON.stringify({ ...JSON.parse(body), ...changes });
  return new TextEncoder().encode(`sha256:${createHash("sha256").update(text).digest("hex")}\n${text}`);
}

test.each<[string, Record<string, unknown>]>([
  ["another format", { v: 2 }],
  ["an unknown field", { more: 1 }],
  ["no channel", { channel: "" }],
  ["generation 0", { generation: 0 }],
  ["a version below 0", { version: -1 }],
  ["half a time", { latest_signed: 0.5 }],
  ["no keys", { keys: {} }],
  ["a wrong retired key", { retired: ["x"] }],
  ["a wrong revoked digest", { revoked: ["x"] }],
  ["a wrong min_version", { min_version: "1" }],
  ["a wrong target", { target: { digest: digest(1), semver: "1" } }],
])("%s is refused though the checksum holds", (_, changes) => {
  expect(codeOf(() => parseChannelState(forged({})))).toBe("accepted");
  expect(codeOf(() => parseChannelState(forged(changes)))).toBe("store-failed");
});

test("any bytes are refused without a crash", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(codeOf(() => parseChannelState(bytes))).toBe("store-failed");
    }),
  );
});
