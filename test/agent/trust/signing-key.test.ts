// Key files: what OpenSSL, cosign and we write is opened; everything else is refused, at bounded cost.
import { createCipheriv, generateKeyPairSync, pbkdf2Sync, randomBytes, scryptSync } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { derElement, derInteger, derOid, derSequence } from "../../../agent/trust/der.ts";
import { encodeSigningKey, encodingChanceBytes } from "../../../agent/trust/encode-signing-key.ts";
import { formatPem, parsePem } from "../../../agent/trust/pem.ts";
import { isSignedBy, parsePublicKey } from "../../../agent/trust/public-key.ts";
import { isKeyEncrypted, openSigningKey } from "../../../agent/trust/signing-key.ts";
import { codeOf, refusalOf } from "./channel-stand.ts";
import { goldenText, goldenPassphrase as passphrase } from "./golden-file.ts";

function newPkcs8(namedCurve = "P-256"): Uint8Array {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve });
  return new Uint8Array(privateKey.export({ type: "pkcs8", format: "der" }));
}

/** Encrypted as OpenSSL does, at whatever cost. */
function encryptedPem(
  pkcs8: Uint8Array,
  iterations: number,
  salt = randomBytes(16),
  iv = randomBytes(16),
): string {
  const asked = Math.max(1, Math.min(iterations, 10));
  const cipher = createCipheriv("aes-256-cbc", pbkdf2Sync(passphrase, salt, asked, 32, "sha256"), iv);
  const data = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  const prf = derSequence(derOid("2a864886f70d0209"), derElement(5));
  const kdf = derSequence(derElement(4, salt), derInteger(iterations), prf);
  const scheme = derSequence(derOid("60864801650304012a"), derElement(4, iv));
  const parameters = derSequence(derSequence(derOid("2a864886f70d01050c"), kdf), scheme);
  const algorithm = derSequence(derOid("2a864886f70d01050d"), parameters);
  return formatPem("ENCRYPTED PRIVATE KEY", derSequence(algorithm, derElement(4, data)));
}

/** As cosign does, at whatever cost of scrypt. */
function cosignPem(pkcs8: Uint8Array, N: number, r = 8, p = 1): string {
  const [salt, nonce] = [randomBytes(32), randomBytes(24)];
  const key = scryptSync(passphrase, salt, 32, { N: 16, r: 8, p: 1 });
  const ciphertext = Buffer.from(xsalsa20poly1305(key, nonce).encrypt(pkcs8)).toString("base64");
  const file = {
    kdf: { name: "scrypt", params: { N, r, p }, salt: salt.toString("base64") },
    cipher: { name: "nacl/secretbox", nonce: nonce.toString("base64") },
    ciphertext,
  };
  return formatPem("ENCRYPTED SIGSTORE PRIVATE KEY", Buffer.from(JSON.stringify(file)));
}

describe("key files of others", () => {
  test.each([
    ["openssl-pbkdf2.pem", true],
    ["openssl-scrypt.pem", true],
    ["openssl-pkcs8.pem", false],
    ["openssl-sec1.pem", false],
    ["cosign.key", true],
  ])("%s opens, and its signatures are those of its public key", (name, encrypted) => {
    const text = goldenText(name);
    expect(isKeyEncrypted(text)).toBe(encrypted);
    const key = openSigningKey(text, encrypted ? passphrase : undefined);
    const publicKey = parsePublicKey(goldenText(name.startsWith("cosign") ? "cosign.pub" : "openssl.pub"));
    expect(key.publicKey).toEqual(publicKey);
    const bytes = randomBytes(100);
    expect(isSignedBy(publicKey, bytes, key.sign(bytes))).toBe(true);
    expect(isSignedBy(publicKey, randomBytes(100), key.sign(bytes))).toBe(false);
  });

  test("cosign's older label opens as well", () => {
    const text = goldenText("cosign.key").replaceAll("SIGSTORE", "COSIGN");
    expect(isKeyEncrypted(text)).toBe(true);
    expect(openSigningKey(text, passphrase).publicKey.pem).toBe(goldenText("cosign.pub"));
  });

  test("line ends of Windows and white space around the text change nothing", () => {
    const text = `\r\n${goldenText("openssl-sec1.pem").replaceAll("\n", "\r\n")}\r\n\r\n`;
    expect(openSigningKey(text, undefined).publicKey.pem).toBe(goldenText("openssl.pub"));
  });

  test.each(["openssl-pbkdf2.pem", "openssl-scrypt.pem", "cosign.key"])(
    "%s stays closed without its passphrase",
    (name) => {
      for (const wrong of [undefined, "", "correct horse ", "Correct horse"]) {
        const refusal = refusalOf(() => openSigningKey(goldenText(name), wrong, "k.pem"));
        expect(refusal).toMatchObject({ code: "passphrase-wrong", where: { file: "k.pem" } });
      }
    },
  );
});

describe("what is no key of ours", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  test.each([
    ["nothing", ""],
    ["a public key", goldenText("cosign.pub")],
    ["two keys", goldenText("openssl-pkcs8.pem") + goldenText("openssl-sec1.pem")],
    ["RSA", rsa.export({ type: "pkcs8", format: "pem" }).toString()],
    ["P-384", formatPem("PRIVATE KEY", newPkcs8("P-384"))],
    [
      "an old encrypted key",
      "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END EC PRIVATE KEY-----\n",
    ],
    ["an unknown label", formatPem("OPENSSH PRIVATE KEY", new Uint8Array(9))],
    ["text before it", `hello\n${goldenText("openssl-pkcs8.pem")}`],
    ["a megabyte", "A".repeat(1 << 20)],
    ["a costly PBKDF2", encryptedPem(newPkcs8(), 10_000_001)],
    ["a PBKDF2 of nothing", encryptedPem(newPkcs8(), 0)],
    ["a wide scrypt", cosignPem(newPkcs8(), 2 ** 18)],
    ["a parallel scrypt", cosignPem(newPkcs8(), 16, 8, 1024)],
    ["a scrypt of no power of two", cosignPem(newPkcs8(), 17)],
  ])("%s is refused", (_, text) => {
    expect(codeOf(() => openSigningKey(text, passphrase))).toBe("key-invalid");
  });

  test("a private key whose public half is another's is refused", () => {
    const [mine, other] = [newPkcs8(), newPkcs8()];
    mine.set(other.subarray(-64), mine.length - 64);
    expect(codeOf(() => openSigningKey(formatPem("PRIVATE KEY", mine), undefined))).toBe("key-invalid");
  });

  test.each([
    ["PKCS#8", formatPem("PRIVATE KEY", newPkcs8())],
    ["encrypted PKCS#8", encryptedPem(newPkcs8(), 10)],
    ["cosign's", cosignPem(newPkcs8(), 16)],
    ["SEC1", goldenText("openssl-sec1.pem")],
  ])("a %s file opens; with any byte flipped it is refused", (_, text) => {
    const { keyId } = openSigningKey(text, passphrase).publicKey;
    const taken: number[] = [];
    for (let index = 0; index < text.length; index++) {
      const mask = [1, 4, 16, 32][index % 4]!;
      const changed = String.fromCharCode(text.charCodeAt(index) ^ mask);
      const broken = text.slice(0, index) + changed + text.slice(index + 1);
      const code = codeOf(() => openSigningKey(broken, passphrase));
      expect(["key-invalid", "passphrase-wrong", "accepted"]).toContain(code);
      if (code === "accepted") taken.push(index);
    }
    expect(keyId).toHaveLength(64);
    expect(taken).toEqual([]);
  });

  test("no text makes it crash", () => {
    const pem = fc
      .tuple(
        fc.constantFrom(
          "PRIVATE KEY",
          "EC PRIVATE KEY",
          "ENCRYPTED PRIVATE KEY",
          "ENCRYPTED SIGSTORE PRIVATE KEY",
        ),
        fc.uint8Array(),
      )
      .map(([label, bytes]) => formatPem(label, bytes));
    const pieces = derSequence(derOid("2a864886f70d01050d"), derSequence());
    const nested = fc
      .uint8Array({ maxLength: 300 })
      .map((bytes) => formatPem("ENCRYPTED PRIVATE KEY", derSequence(pieces, bytes)));
    fc.assert(
      fc.property(fc.oneof(fc.string(), pem, nested), (text) => {
        expect(["key-invalid", "passphrase-wrong"]).toContain(codeOf(() => openSigningKey(text, "x")));
        expect(codeOf(() => parsePublicKey(text))).toBe("key-invalid");
        isKeyEncrypted(text);
      }),
    );
  });
});

describe("key files of ours", () => {
  const pkcs8 = newPkcs8();

  test("open with their passphrase only, and have the public key beside them", () => {
    const { privatePem, publicPem } = encodeSigningKey(pkcs8, "Übung 1", randomBytes(encodingChanceBytes));
    expect(openSigningKey(privatePem, "Übung 1").publicKey).toEqual(parsePublicKey(publicPem));
    expect(codeOf(() => openSigningKey(privatePem, "Übung 2"))).toBe("passphrase-wrong");
    expect(privatePem).not.toContain(Buffer.from(pkcs8).toString("base64").slice(0, 40));
  });

  test("ask for 600,000 iterations of PBKDF2 with SHA-256 and for AES-256", () => {
    const { privatePem } = encodeSigningKey(pkcs8, "x", new Uint8Array(encodingChanceBytes));
    const hex = Buffer.from(parsePem(privatePem, () => expect.unreachable())[0]!.bytes).toString("hex");
    expect(hex).toContain("02030927c0300c06082a864886f70d02090500");
    expect(hex).toContain("60864801650304012a");
  });

  test("are what OpenSSL reads", () => {
    const { privatePem, publicPem } = encodeSigningKey(pkcs8, "x y", randomBytes(encodingChanceBytes));
    const openssl = Bun.spawnSync(["openssl", "pkey", "-passin", "pass:x y", "-pubout"], {
      stdin: Buffer.from(privatePem),
    });
    expect(openssl.stdout.toString()).toBe(publicPem);
  });

  test("are plain without a passphrase; an empty one is refused", () => {
    const { privatePem } = encodeSigningKey(pkcs8, undefined, randomBytes(encodingChanceBytes));
    expect(isKeyEncrypted(privatePem)).toBe(false);
    expect(openSigningKey(privatePem, undefined).publicKey.keyId).toMatch(/^[0-9a-f]{64}$/);
    expect(codeOf(() => encodeSigningKey(pkcs8, "", randomBytes(encodingChanceBytes)))).toBe(
      "passphrase-wrong",
    );
    expect(codeOf(() => encodeSigningKey(pkcs8, "x", randomBytes(5)))).toBe("internal");
  });
});
