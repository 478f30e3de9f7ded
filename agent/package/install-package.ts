// From a verified package to a folder that runs: its blobs in the store, hashed, and then a view of them as a pipeline's folder.
import type { Digest } from "../../platform/base/digest.ts";
import type { PackageRecord, PackageStore, ViewEntry } from "../../platform/contract/package-store.ts";
import type { Provenance } from "../trust/provenance.ts";
import type { VerifiedSigner } from "../trust/signed.ts";
import { chooseEvidence } from "./choose-evidence.ts";
import { describeRuntime } from "./describe-runtime.ts";
import { digestOf, type PackageManifest } from "./package-manifest.ts";
import type { PackageSource } from "./package-source.ts";
import { describeRecord, type PullOptions, pullPackage } from "./pull-package.ts";
import type { TransferReport } from "./transfer-report.ts";
import type { VerifiedPackage } from "./verify-package.ts";

/** A package's view in the store. */
export interface InstalledPackage {
  readonly digest: Digest;
  /** The pipeline's name. */
  readonly name: string;
  /** Has `manifest.json`, `modules/`, `models/` and `meta/`. */
  readonly folder: string;
  readonly manifest: PackageManifest;
  readonly signer: VerifiedSigner | undefined;
  readonly provenance: Provenance | undefined;
  /** What moved; undefined where the view was there and nothing had to. */
  readonly transfer: TransferReport | undefined;
  /** The digest that a file of the view must have each time it is loaded; undefined for what isn't of the package. */
  digestOf(path: string): Digest | undefined;
}

/** How old what is remembered of the last use may be, so that a start doesn't write to the disk each time. */
const usedWithinMs = 60 * 60 * 1000;

/** Unpacks a package that was verified. Where its view is there already, nothing is read, hashed or fetched: files are held to their
 * digests when they are loaded. @throws RemoteMediaError what `pullPackage` throws */
export async function installPackage(
  verified: VerifiedPackage,
  source: PackageSource,
  store: PackageStore,
  options: PullOptions = {},
): Promise<InstalledPackage> {
  const { manifest, name, signer, provenance } = verified;
  const { digest } = manifest.descriptor;
  const done = (folder: string, transfer?: TransferReport): InstalledPackage => ({
    digest,
    name,
    folder,
    manifest,
    signer,
    provenance,
    transfer,
    digestOf: (path) => (path === "manifest.json" ? manifest.config.digest : digestOf(manifest, path)),
  });
  const known = await store.record(digest);
  const view = known && (await store.findView(digest));
  if (view !== undefined && isRemembered(verified, known, options)) return done(view);
  await using _hold = await store.hold(digest);
  const transfer = await pullPackage(verified, source, store, options);
  return done(
    (await store.findView(digest)) ?? (await store.createView(digest, planView(verified))),
    transfer,
  );
}

/** Whether the record says all that this install would say. */
function isRemembered(
  verified: VerifiedPackage,
  known: PackageRecord | undefined,
  options: PullOptions,
): boolean {
  if (known === undefined) return false;
  const now = options.now?.() ?? new Date();
  const ageMs = now.getTime() - Date.parse(known.used);
  if (!(ageMs >= 0 && ageMs < usedWithinMs)) return false;
  const wanted = describeRecord(verified, known, options);
  return (
    wanted.blobs.length === known.blobs.length &&
    wanted.referrers.length === known.referrers.length &&
    wanted.references.length === known.references.length
  );
}

/** The files of an unpacked package. `meta/` says where it came from; it isn't part of what was signed. */
export function planView(verified: VerifiedPackage): readonly ViewEntry[] {
  const { manifest } = verified;
  const { signature, provenance } = chooseEvidence(verified);
  const meta = (name: string, bytes: Uint8Array): ViewEntry => ({ path: `meta/${name}`, bytes });
  return [
    { path: "manifest.json", digest: manifest.config.digest },
    ...manifest.layers.map(({ path, descriptor }): ViewEntry => ({ path, digest: descriptor.digest })),
    meta("runtime.json", describeRuntime(verified)),
    ...(signature === undefined ? [] : [meta("signature.sigstore.json", signature)]),
    ...(provenance === undefined ? [] : [meta("provenance.sigstore.json", provenance)]),
  ];
}
