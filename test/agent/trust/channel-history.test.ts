// Random histories of a channel against an oracle that keeps every accepted document: nothing old, expired or revoked ever counts.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ChannelDocument,
  type ChannelKeys,
  signChannel,
} from "../../../agent/trust/channel-document.ts";
import { applyChannel, type ChannelState, trustChannel } from "../../../agent/trust/channel-state.ts";
import { encodeChannelState, parseChannelState } from "../../../agent/trust/channel-state-file.ts";
import type { SigningKey } from "../../../agent/trust/signing-key.ts";
import { verifyChannel } from "../../../agent/trust/verify-channel.ts";
import type { Digest } from "../../../platform/base/digest.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { dayMs, digest, floorMs, keyA, keyB, keyC, keys, makeDocument } from "./channel-stand.ts";

const allKeys = [keyA, keyB, keyC];

/** One thing that happens: somebody signs a document and hands it over, or an old envelope comes again. */
type Event =
  | { readonly kind: "document"; readonly clockDay: number; readonly plan: Plan }
  | { readonly kind: "replay"; readonly clockDay: number; readonly which: number };

interface Plan {
  readonly versionStep: number;
  readonly issuedDay: number;
  readonly lifeDays: number;
  readonly package: number;
  readonly minor: number;
  readonly minMinor: number | undefined;
  readonly revoked: readonly number[];
  readonly current: number;
  readonly next: number | undefined;
  readonly signers: readonly number[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  versionStep: fc.integer({ min: -3, max: 4 }),
  issuedDay: fc.integer({ min: -20, max: 120 }),
  lifeDays: fc.integer({ min: 1, max: 90 }),
  package: fc.nat(5),
  minor: fc.nat(4),
  minMinor: fc.option(fc.nat(2), { nil: undefined, freq: 2 }),
  revoked: fc.uniqueArray(fc.nat(5), { maxLength: 1 }),
  // Offsets from the generation: mostly no rotation.
  current: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) }),
  next: fc.option(fc.nat(2), { nil: undefined, freq: 1 }),
  signers: fc.oneof(
    { weight: 3, arbitrary: fc.constant([0, 1, 2]) },
    { weight: 1, arbitrary: fc.subarray([0, 1, 2]) },
  ),
});
const clockDay = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 120 }) },
  { weight: 1, arbitrary: fc.constantFrom(-20000, -1, 25000) },
);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("document" as const), clockDay, plan }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("replay" as const), clockDay, which: fc.nat(40) }) },
);

interface Accepted {
  readonly document: ChannelDocument;
  readonly trusted: ChannelKeys;
}

/** What holds after a document was taken, said without the state: by all that was taken before. */
function judge(
  { document, trusted }: Accepted,
  before: readonly Accepted[],
  at: number,
  by: SigningKey[],
): void {
  const all = [...before, { document, trusted }];
  const signers = by.map((key) => key.publicKey.keyId);
  expect(signers).toContain(trusted.current.keyId);
  expect(signers).toContain(document.keys.current.keyId);
  const rotates = document.keys.current.keyId !== trusted.current.keyId;
  if (rotates && trusted.next !== undefined) expect(document.keys.current.keyId).toBe(trusted.next.keyId);
  const sameKey = before.filter((one) => one.document.keys.current.keyId === document.keys.current.keyId);
  for (const one of sameKey) expect(document.version).toBeGreaterThan(one.document.version);
  // No key comes back: those before it are all different.
  const order = all.map((one) => one.document.keys.current.keyId).filter((id, i, ids) => id !== ids[i - 1]);
  expect(new Set(order).size).toBe(order.length);
  for (const one of before) expect(document.expiresMs).toBeGreaterThan(one.document.issuedMs);
  expect(document.expiresMs).toBeGreaterThan(Math.max(at, floorMs));
  const latest = Math.max(0, ...before.map((one) => one.document.issuedMs));
  const believed =
    at < floorMs || at < latest - dayMs ? floorMs + 3653 * dayMs : Math.max(at, latest) + dayMs;
  expect(document.issuedMs).toBeLessThanOrEqual(believed);
  expect(all.flatMap((one) => one.document.revoked)).not.toContain(document.target.digest);
  const minor = (version: string) => Number(version.split(".")[1]);
  for (const one of all)
    expect(minor(document.target.semver)).toBeGreaterThanOrEqual(minor(one.document.minVersion ?? "1.0.0"));
}

/** The document that a plan means, and who signs it. */
function draw(state: ChannelState, wanted: Plan): { document: ChannelDocument; signers: SigningKey[] } {
  const at = allKeys.findIndex((key) => key.publicKey.keyId === state.keys.current.keyId) + wanted.current;
  const current = allKeys[at % 3]!;
  const next = wanted.next === undefined ? undefined : allKeys[wanted.next];
  const issuedMs = floorMs + wanted.issuedDay * dayMs;
  const document = makeDocument({
    version: Math.max(1, state.version + wanted.versionStep),
    issuedMs,
    expiresMs: issuedMs + wanted.lifeDays * dayMs,
    target: { digest: digest(wanted.package), semver: `1.${wanted.minor}.0` },
    revoked: wanted.revoked.map((one): Digest => digest(one)),
    keys: keys(current, next === current ? undefined : next),
    ...(wanted.minMinor === undefined ? {} : { minVersion: `1.${wanted.minMinor}.0` }),
  });
  const signers = wanted.signers.map((signer) => allKeys[signer]!);
  return { document, signers: signers.length === 0 ? [keyC] : signers };
}

test("no history brings back what is old, expired or revoked, and what is refused changes nothing", () => {
  const outcomes = new Map<string, number>();
  let deepest = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 25 }), (events) => {
      let state = trustChannel("door/stable", keys(keyA));
      const handed: { envelope: Uint8Array; signers: SigningKey[] }[] = [];
      const accepted: Accepted[] = [];
      for (const happening of events) {
        if (happening.kind === "document") {
          const { document, signers } = draw(state, happening.plan);
          handed.push({ envelope: signChannel(document, signers), signers });
        }
        const which = happening.kind === "replay" ? happening.which % Math.max(1, handed.length) : -1;
        const offered = handed.at(which);
        if (offered === undefined) continue;
        const at = floorMs + happening.clockDay * dayMs;
        const before = encodeChannelState(state);
        let outcome = "accepted";
        try {
          const trusted = state.keys;
          const verified = verifyChannel(offered.envelope, trusted);
          const { state: next, target } = applyChannel(state, verified, { nowMs: at, floorMs });
          judge({ document: verified.document, trusted }, accepted, at, offered.signers);
          accepted.push({ document: verified.document, trusted });
          expect(next.target).toEqual(target);
          state = parseChannelState(encodeChannelState(next));
          expect(state).toEqual(next);
          deepest = Math.max(deepest, state.generation);
        } catch (thrown) {
          if (!(thrown instanceof RemoteMediaError)) throw thrown;
          outcome = thrown.code;
          expect(encodeChannelState(state)).toEqual(before);
        }
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }),
    { numRuns: 2000 },
  );
  // The histories are no good where they don't come by every outcome, and by rotations.
  const codes = ["untrusted", "replayed", "expired", "future", "revoked", "outdated"];
  for (const code of ["accepted", ...codes.map((one) => `channel-${one}`)])
    expect(outcomes.get(code) ?? 0, code).toBeGreaterThan(50);
  expect(deepest).toBe(3);
}, 60_000);
