// Membership: the root key's word that a device belongs to its mesh, which certificate it shows, and what it may do.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import { type Role, roles } from "../protocol/peer-session.ts";
import { encodeBase64 } from "../trust/base64.ts";
import type { PublicKey } from "../trust/public-key.ts";
import type { SigningKey } from "../trust/signing-key.ts";
import { deviceIdOf, meshIdOf } from "./device-id.ts";
import { type Identity, isFingerprint } from "./identity.ts";
import { parseSigned, readKey, refuseBy, signDocument, verifySigned } from "./signed-document.ts";

/** What a device asks its mesh's owner to sign. */
export interface MembershipRequest {
  readonly device: string;
  readonly publicKey: PublicKey;
  /** Of the DTLS certificate, as SDP writes it. */
  readonly dtlsFingerprint: string;
  /** What the device calls itself. */
  readonly name: string;
}

export interface Membership extends MembershipRequest {
  readonly mesh: string;
  readonly roles: readonly Role[];
  /** Milliseconds since 1970. */
  readonly issued: number;
  readonly expires: number;
}

const membershipType = "application/vnd.remotemedia.membership.v1+json";
const requestType = "application/vnd.remotemedia.membership-request.v1+json";
const requestFields = ["device", "public_key", "dtls_fingerprint", "name"];
const membershipFields = ["mesh", ...requestFields, "roles", "issued", "expires"];
const maxNameLength = 64;

/** Signed by the device's own key: who signs it in knows that the device has that key. */
export function writeMembershipRequest(
  { device, publicKey, dtls, signingKey }: Identity,
  name: string,
): Uint8Array {
  const request = {
    device,
    public_key: encodeBase64(publicKey.spki),
    dtls_fingerprint: dtls.fingerprint,
    name: cutName(name),
  };
  return signDocument(requestType, request, signingKey);
}

/** @throws RemoteMediaError `membership-invalid` */
export function parseMembershipRequest(bytes: Uint8Array): MembershipRequest {
  const refuse = refuseBy("membership-invalid", "the request");
  const { envelope, document } = parseSigned(bytes, requestType, requestFields, refuse);
  const request = readRequest(document, refuse);
  verifySigned(envelope, request.publicKey, refuse);
  return request;
}

export interface MembershipGrant {
  readonly roles: readonly Role[];
  /** Default: what the device calls itself. */
  readonly name?: string | undefined;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** The mesh is the one of the root key. */
export function issueMembership(
  request: MembershipRequest,
  grant: MembershipGrant,
  rootKey: SigningKey,
): Uint8Array {
  const membership = {
    mesh: meshIdOf(rootKey.publicKey),
    device: request.device,
    public_key: encodeBase64(request.publicKey.spki),
    dtls_fingerprint: request.dtlsFingerprint,
    name: cutName(grant.name ?? request.name),
    roles: roles.filter((role) => grant.roles.includes(role)),
    issued: new Date(grant.issuedMs).toISOString(),
    expires: new Date(grant.expiresMs).toISOString(),
  };
  return signDocument(membershipType, membership, rootKey);
}

export interface MembershipTerms {
  readonly rootKey: PublicKey;
  /** By the wall clock here. */
  readonly nowMs: number;
  /** When this program was built: a clock before that shows no time, and nothing is judged by it. */
  readonly buildMs: number;
}

/** @throws RemoteMediaError `membership-invalid`, `membership-expired` */
export function verifyMembership(
  bytes: Uint8Array,
  { rootKey, nowMs, buildMs }: MembershipTerms,
): Membership {
  const refuse = refuseBy("membership-invalid", "the membership");
  const { envelope, document } = parseSigned(bytes, membershipType, membershipFields, refuse);
  verifySigned(envelope, rootKey, refuse);
  const request = readRequest(document, refuse);
  if (document["mesh"] !== meshIdOf(rootKey)) throw refuse("is of another mesh");
  const membership = {
    ...request,
    mesh: meshIdOf(rootKey),
    roles: readRoles(document["roles"], refuse),
    issued: readTime(document["issued"], refuse),
    expires: readTime(document["expires"], refuse),
  };
  if (nowMs >= buildMs && nowMs >= membership.expires) {
    const when = new Date(membership.expires).toISOString();
    throw new RemoteMediaError(
      "membership-expired",
      `the membership of ${membership.name} expired at ${when}`,
      {
        hint: "the mesh's owner can admit the device anew; if that time has not come yet, the clock here is wrong",
      },
    );
  }
  return membership;
}

type Refuse = ReturnType<typeof refuseBy>;

function readRequest(document: Readonly<Record<string, unknown>>, refuse: Refuse): MembershipRequest {
  const publicKey = readKey(document["public_key"], refuse);
  const { device, dtls_fingerprint: dtlsFingerprint, name } = document;
  if (device !== deviceIdOf(publicKey)) throw refuse("names a device that isn't that of its key");
  if (!isFingerprint(dtlsFingerprint)) throw refuse("has no fingerprint");
  if (typeof name !== "string" || name === "" || name !== cutName(name))
    throw refuse("has no printable name");
  return { device, publicKey, dtlsFingerprint, name };
}

function readRoles(value: unknown, refuse: Refuse): readonly Role[] {
  if (!Array.isArray(value) || value.length > roles.length) throw refuse("has no roles");
  return value.map((given) => {
    const role = roles.find((known) => known === given);
    if (role === undefined) throw refuse("has a role that this version doesn't know");
    return role;
  });
}

function readTime(value: unknown, refuse: Refuse): number {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;
  const time = typeof value === "string" && form.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw refuse("has a time that is none");
  return time;
}

function cutName(name: string): string {
  return printable(name, maxNameLength).trim() || "unnamed";
}
