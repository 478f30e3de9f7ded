// The certificate that a link shows: self-signed, P-256, known by its fingerprint and by nothing else.
import { createHash, createSign, generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";

export interface Certificate {
  readonly certificatePem: string;
  /** PKCS#8. A secret. */
  readonly keyPem: string;
}

/** Its dates never decide anything: a clock at 1970 must not end a board's links. */
const notBefore = "19700101000000Z";
const notAfter = "99991231235959Z";

/** @see RFC 5280, section 4.1; RFC 8827, section 6.5 */
export function createDtlsCertificate(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(objectId("1.2.840.10045.4.3.2"));
  const name = sequence(set(sequence(objectId("2.5.4.3"), tag(0x0c, Buffer.from("remotemedia")))));
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const body = sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, serial),
    algorithm,
    name,
    sequence(tag(0x18, Buffer.from(notBefore)), tag(0x18, Buffer.from(notAfter))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = createSign("sha256").update(body).sign(privateKey);
  const certificate = sequence(body, algorithm, tag(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    certificatePem: pem("CERTIFICATE", certificate),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** SHA-256 of a certificate in PEM, as SDP writes it: `AB:CD:…`. @see RFC 8122, section 5 */
export function fingerprintOf(certificatePem: string): string {
  const { raw } = new X509Certificate(certificatePem);
  return createHash("sha256").update(raw).digest("hex").toUpperCase().match(/../g)!.join(":");
}

function tag(number: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([number, length]), content]);
  const bytes = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([number, ...bytes]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tag(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
  return tag(0x31, Buffer.concat(parts));
}

function objectId(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const bytes = rest.flatMap((value) => {
    const groups = [value & 127];
    for (let left = value >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128);
    return groups;
  });
  return tag(0x06, Buffer.from([first! * 40 + second!, ...bytes]));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
