// Memberships: whose word they are, what they bind together, when they end.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mayAct } from "../../../agent/mesh/access.ts";
import { deviceIdOf, isDeviceId, meshIdOf } from "../../../agent/mesh/device-id.ts";
import { encodeIdentity, parseIdentity } from "../../../agent/mesh/identity.ts";
import {
  issueMembership,
  parseMembershipRequest,
  verifyMembership,
  writeMembershipRequest,
} from "../../../agent/mesh/membership.ts";
import { roles } from "../../../agent/protocol/peer-session.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { makeMember, makeRootKey } from "../../support/mesh-members.ts";

const nowMs = Date.UTC(2026, 5, 1);
const buildMs = Date.UTC(2026, 0, 1);
const rootKey = makeRootKey();
const terms = { rootKey: rootKey.publicKey, nowMs, buildMs };

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof RemoteMediaError) return thrown.code;
    throw thrown;
  }
  return "nothing was thrown";
}

describe("a membership", () => {
  test("says which device, certificate, name and roles the root key has signed", () => {
    const { identity, membership } = makeMember(rootKey, {
      name: "attic",
      roles: ["execute"],
      issuedMs: nowMs,
    });
    expect(verifyMembership(membership, terms)).toEqual({
      mesh: meshIdOf(rootKey.publicKey),
      device: identity.device,
      publicKey: identity.publicKey,
      dtlsFingerprint: identity.dtls.fingerprint,
      name: "attic",
      roles: ["execute"],
      issued: nowMs,
      expires: nowMs + 365 * 24 * 3600 * 1000,
    });
  });

  test("is worth nothing under another mesh's root key", () => {
    const { membership } = makeMember(makeRootKey(), { issuedMs: nowMs });
    expect(codeOf(() => verifyMembership(membership, terms))).toBe("membership-invalid");
  });

  test("ends when it expires, but not by a clock that shows no time", () => {
    const { membership } = makeMember(rootKey, { issuedMs: nowMs - 1000, expiresMs: nowMs });
    expect(codeOf(() => verifyMembership(membership, terms))).toBe("membership-expired");
    expect(verifyMembership(membership, { ...terms, nowMs: nowMs - 1 }).expires).toBe(nowMs);
    expect(verifyMembership(membership, { ...terms, nowMs: 0 }).expires).toBe(nowMs);
    expect(codeOf(() => verifyMembership(membership, { ...terms, nowMs: Date.UTC(2027, 5) }))).toBe(
      "membership-expired",
    );
  });

  test("is refused with any bit changed", () => {
    const { membership } = makeMember(rootKey, { issuedMs: nowMs });
    fc.assert(
      fc.property(fc.nat(membership.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = membership.slice();
        changed[at]! ^= change;
        expect(codeOf(() => verifyMembership(changed, terms))).toBe("membership-invalid");
      }),
      { numRuns: 300 },
    );
  });

  test("of a stranger's bytes is refused, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(codeOf(() => verifyMembership(bytes, terms))).toBe("membership-invalid");
      }),
    );
  });
});

describe("a request for membership", () => {
  test("is signed by the device's own key, and none but that", () => {
    const { identity } = makeMember(rootKey);
    const other = makeMember(rootKey).identity;
    const request = parseMembershipRequest(writeMembershipRequest(identity, "attic"));
    expect(request).toMatchObject({ device: identity.device, name: "attic" });
    const forged = writeMembershipRequest({ ...identity, signingKey: other.signingKey }, "attic");
    expect(codeOf(() => parseMembershipRequest(forged))).toBe("membership-invalid");
    const claimed = writeMembershipRequest({ ...identity, device: other.device }, "attic");
    expect(codeOf(() => parseMembershipRequest(claimed))).toBe("membership-invalid");
  });

  test("never passes for a membership", () => {
    const { identity } = makeMember(rootKey);
    const request = writeMembershipRequest(identity, "attic");
    expect(codeOf(() => verifyMembership(request, terms))).toBe("membership-invalid");
  });

  test("has its name cut to a printable line before it is signed in", () => {
    const { identity } = makeMember(rootKey);
    const request = parseMembershipRequest(writeMembershipRequest(identity, "at\u001b[2Jtic\n"));
    const grant = { roles, issuedMs: nowMs, expiresMs: nowMs + 1000, name: "\u202eevil" };
    expect(request.name).toBe("at [2Jtic");
    expect(verifyMembership(issueMembership(request, grant, rootKey), terms).name).toBe("evil");
  });
});

describe("an identity", () => {
  test("is the same after it was written and read", () => {
    const { identity } = makeMember(rootKey);
    expect(isDeviceId(identity.device)).toBe(true);
    expect(deviceIdOf(identity.publicKey)).toBe(identity.device);
  });

  test("of a broken file is refused", () => {
    const good = encodeIdentity({
      keyPem: "no key",
      dtls: { certificatePem: "", keyPem: "", fingerprint: Array(32).fill("AA").join(":") },
    });
    for (const text of ["", "{}", "[]", good, good.replace('"version": 1', '"version": 2')]) {
      expect(codeOf(() => parseIdentity(new TextEncoder().encode(text)))).toBe("identity-invalid");
    }
  });
});

describe("roles", () => {
  test.each([
    ["execute", { ask: true, serve: true, look: true }],
    ["capture", { ask: true, serve: false, look: true }],
    ["deploy", { ask: true, serve: false, look: true }],
    ["view", { ask: false, serve: false, look: true }],
  ] as const)("%s allows what it should", (role, acts) => {
    for (const [act, isAllowed] of Object.entries(acts))
      expect(mayAct(act as "ask", [role]), act).toBe(isAllowed);
  });

  test("none allow nothing", () => {
    expect([mayAct("ask", []), mayAct("serve", []), mayAct("look", [])]).toEqual([false, false, false]);
  });
});
