// What cosign and OpenSSL wrote, for tests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SignatureMaterial } from "../../../agent/trust/signed.ts";
import type { Digest } from "../../../platform/base/digest.ts";

/** Of every encrypted key in `golden/`. */
export const goldenPassphrase = "correct horse";

/** What the signatures in `golden/` are over. */
export const goldenDigest: Digest = "sha256:799b5f2967729b4b23e94acf79a9c1b6e8eaa63391971834259f2d7360749137";

export function goldenBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(import.meta.dirname, "golden", name)));
}

export function goldenText(name: string): string {
  return new TextDecoder().decode(goldenBytes(name));
}

export const cosignBundle: SignatureMaterial = {
  layout: "bundle",
  bytes: goldenBytes("signature.sigstore.json"),
};

export const cosignAttestation: SignatureMaterial = {
  layout: "bundle",
  bytes: goldenBytes("attestation.sigstore.json"),
};

export const cosignSimple: SignatureMaterial = {
  layout: "simple",
  payload: goldenBytes("simple.payload.json"),
  signature: goldenText("simple.signature.txt").trim(),
};

/** A copy with one byte XORed. */
export function flipped(bytes: Uint8Array, index: number, mask: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[index]! ^= mask;
  return copy;
}
