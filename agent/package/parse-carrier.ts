// A manifest that carries signatures, as others wrote it: which of the two shapes it is, and where its parts are. Every byte is attacker-controlled.
import { type Digest, parseDigest } from "../../platform/base/digest.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import { type Descriptor, imageManifestType } from "../../platform/contract/oci.ts";
import type { Referrer } from "./package-source.ts";
import { bundleType, simpleSigningType } from "./signature-manifest.ts";

/** The most layers of one manifest that are looked at: each is a signature. */
const maxLayers = 64;
/** The most bytes that each part of a signature may have, and all parts of one manifest together. */
export const maxSignatureBytes = 1024 * 1024;
const maxCarrierBytes = 4 * maxSignatureBytes;

/** `bundle`: one layer, a sigstore bundle; `simple`: a signature a layer; `other`: not ours to read. */
export interface Carrier {
  readonly layout: "bundle" | "simple" | "other";
  /** The manifest's own descriptor, as it is wherever it comes from: with what the manifest says of itself. */
  readonly descriptor: Descriptor;
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly subject: Digest | undefined;
}

/** What a manifest carries. Whatever has neither of the two shapes is `other`, however broken: it is somebody else's.
 * @throws RemoteMediaError `package-invalid` where it has one of them and lies about its parts; names the manifest by its digest */
export function parseCarrier({ descriptor, bytes }: Referrer): Carrier {
  const refuse = (why: string) =>
    new RemoteMediaError("package-invalid", `the signature manifest ${descriptor.digest} ${why}`, {
      where: { digest: descriptor.digest },
    });
  const document = bytes.length > maxSignatureBytes ? undefined : asRecord(parseJson(bytes));
  const layers = document?.["layers"];
  const layout = Array.isArray(layers) ? layoutOf(layers) : "other";
  if (layout === "other") return { layout, descriptor, config: undefined, layers: [], subject: undefined };
  const { config, subject, artifactType } = document as Record<string, unknown>;
  const annotations = parseAnnotations(document!["annotations"], refuse);
  if ((layers as unknown[]).length > maxLayers) throw refuse(`has more than ${maxLayers} layers`);
  const parts = (layers as unknown[]).map((layer) => parseDescriptor(layer, refuse));
  if (parts.reduce((sum, { size }) => sum + size, 0) > maxCarrierBytes)
    throw refuse(`has parts of more than ${maxCarrierBytes} bytes`);
  return {
    layout,
    descriptor: {
      mediaType: imageManifestType,
      digest: descriptor.digest,
      size: bytes.length,
      ...(typeof artifactType === "string" ? { artifactType } : {}),
      ...(annotations === undefined ? {} : { annotations }),
    },
    config: config === undefined ? undefined : parseDescriptor(config, refuse),
    layers: parts,
    subject: subject === undefined ? undefined : parseDigest(asRecord(subject)?.["digest"], "its subject"),
  };
}

function layoutOf(layers: readonly unknown[]): Carrier["layout"] {
  const types = layers.map((layer) => asRecord(layer)?.["mediaType"]);
  if (types.length === 1 && types[0] === bundleType) return "bundle";
  return types.includes(simpleSigningType) ? "simple" : "other";
}

type Refuse = (why: string) => RemoteMediaError;

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function parseDescriptor(value: unknown, refuse: Refuse): Descriptor {
  const record = asRecord(value);
  const [mediaType, size] = [record?.["mediaType"], record?.["size"]];
  if (typeof mediaType !== "string" || mediaType.length > 255)
    throw refuse("has a part without a media type");
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw refuse("has a part without a size");
  if ((size as number) > maxSignatureBytes) {
    const part = printable(mediaType);
    throw refuse(`has a part (${part}) of ${size} bytes; at most ${maxSignatureBytes} are taken`);
  }
  const digest = parseDigest(record!["digest"], "a part of a signature manifest");
  const annotations = parseAnnotations(record!["annotations"], refuse);
  return { mediaType, digest, size: size as number, ...(annotations === undefined ? {} : { annotations }) };
}

/** As they are: other signatures' certificates and bundles are annotations, which must survive a merge. */
function parseAnnotations(value: unknown, refuse: Refuse): Record<string, string> | undefined {
  if (value === undefined) return undefined;
  const record = asRecord(value);
  if (record === undefined || Object.values(record).some((text) => typeof text !== "string")) {
    throw refuse("has annotations that aren't texts");
  }
  return record as Record<string, string>;
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
