// Members of a mesh made for a test: identities, memberships and statements, nothing of them on a disk.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CapabilityStatement, parseStatement } from "../../agent/capability/statement.ts";
import { encodeIdentity, type Identity, parseIdentity } from "../../agent/mesh/identity.ts";
import {
  issueMembership,
  parseMembershipRequest,
  writeMembershipRequest,
} from "../../agent/mesh/membership.ts";
import { type Role, roles } from "../../agent/protocol/peer-session.ts";
import { openSigningKey, type SigningKey } from "../../agent/trust/signing-key.ts";
import { createDtlsCertificate, fingerprintOf } from "../../platform/webrtc/dtls-certificate.ts";

export interface TestMember {
  readonly identity: Identity;
  readonly membership: Uint8Array;
}

export interface MemberGrant {
  readonly name?: string;
  readonly roles?: readonly Role[];
  readonly issuedMs?: number;
  readonly expiresMs?: number;
  /** Shown instead of its own certificate's. */
  readonly fingerprint?: string;
}

const yearMs = 365 * 24 * 3600 * 1000;

export function makeRootKey(): SigningKey {
  return openSigningKey(makeKeyPem(), undefined);
}

/** A device of this mesh, with every role where none are named. */
export function makeMember(rootKey: SigningKey, grant: MemberGrant = {}): TestMember {
  const dtls = createDtlsCertificate();
  const fingerprint = grant.fingerprint ?? fingerprintOf(dtls.certificatePem);
  const text = encodeIdentity({ keyPem: makeKeyPem(), dtls: { ...dtls, fingerprint } });
  const identity = parseIdentity(new TextEncoder().encode(text));
  const request = parseMembershipRequest(writeMembershipRequest(identity, grant.name ?? "device"));
  const issuedMs = grant.issuedMs ?? Date.now();
  const terms = { roles: grant.roles ?? roles, issuedMs, expiresMs: grant.expiresMs ?? issuedMs + yearMs };
  return { identity, membership: issueMembership(request, terms, rootKey) };
}

/** Of a board on file. */
export function someStatement(device: string): CapabilityStatement {
  const file = join(import.meta.dirname, "../boards/raspberrypi-5/statement.json");
  return { ...parseStatement(JSON.parse(readFileSync(file, "utf8"))), device };
}

function makeKeyPem(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
