// The certificate that links show is one that others' X.509 readers take.
import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { createDtlsCertificate, fingerprintOf } from "../../../platform/webrtc/dtls-certificate.ts";

test("is self-signed, on P-256, and has no end that a clock could reach", () => {
  const { certificatePem } = createDtlsCertificate();
  const certificate = new X509Certificate(certificatePem);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
  expect(certificate.issuer).toBe(certificate.subject);
  expect(certificate.validTo).toContain("9999");
});

test("is known by the fingerprint that the platform computes as well", () => {
  const { certificatePem } = createDtlsCertificate();
  expect(fingerprintOf(certificatePem)).toBe(new X509Certificate(certificatePem).fingerprint256);
});

test("is another each time, and well-formed each time", () => {
  const all = Array.from({ length: 50 }, () => createDtlsCertificate().certificatePem);
  expect(new Set(all.map(fingerprintOf)).size).toBe(50);
  for (const pem of all) expect(new X509Certificate(pem).serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
});
