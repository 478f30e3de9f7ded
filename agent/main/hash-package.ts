// Holds every part of a package to its digest, without keeping any of it.
import { createHash } from "node:crypto";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { blobParts } from "../package/package-parts.ts";
import type { PackageSource } from "../package/package-source.ts";
import { type TransferOptions, transferParts } from "../package/transfer-parts.ts";

/** Reads all of the package. @throws RemoteMediaError `digest-mismatch`, naming the part; what the source throws */
export async function hashPackage(source: PackageSource, options: TransferOptions = {}): Promise<void> {
  await transferParts(
    blobParts(source.manifest),
    async ({ descriptor }, tell, signal) => {
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const chunk of source.read(descriptor)) {
        signal.throwIfAborted();
        bytes += chunk.length;
        hash.update(chunk);
        tell(Math.min(bytes, descriptor.size));
      }
      const actual = `sha256:${hash.digest("hex")}`;
      if (actual === descriptor.digest && bytes === descriptor.size) return { outcome: "present" };
      throw new RemoteMediaError("digest-mismatch", `has ${actual}, not the digest that the package says`, {
        where: { digest: descriptor.digest },
        hint: "it was changed or damaged: get or build the package again",
      });
    },
    options,
  );
}
