// The modules that a manifest names, as its folder has them: the component, its descriptor, or the base that it is fetched from.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { type OciReference, parseOciReference } from "../../platform/base/oci-reference.ts";
import { descriptorPaths } from "../manifest/descriptor-paths.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { maxConfigBytes } from "./package-manifest.ts";
import type { SourceModule } from "./plan-package.ts";
import type { SourceReader } from "./source-reader.ts";

/** Gives the bytes of the blob that a base's reference means; nobody has hashed them. */
export type FetchBase = (reference: OciReference) => AsyncIterable<Uint8Array>;

/** No module that could ever run is larger, in bytes: what is fetched is held in memory. */
const maxBaseBytes = 64 * 1024 * 1024;

/** Reads each module and its descriptor, the descriptor by the rules of `run`.
 * @throws RemoteMediaError `module-missing`, `digest-mismatch`, `package-invalid`, and what `fetchBase` throws */
export async function readModules(
  manifest: Manifest,
  reader: SourceReader,
  fetchBase: FetchBase | undefined,
): Promise<readonly SourceModule[]> {
  const modules: SourceModule[] = [];
  for (const type of Object.keys(manifest.modules).sort()) {
    const { path, base } = manifest.modules[type]!;
    const source = plainPath(path);
    const where = manifest.where(["modules", type, base === undefined ? "path" : "base"]);
    const reference = base === undefined ? undefined : parseOciReference(base);
    await readModule({ type, source, base: reference }, reader, fetchBase, where);
    modules.push({ type, source, base: reference, descriptor: await findDescriptor(source, reader) });
  }
  return modules;
}

/** Without `.` and empty names: one file has one path. */
function plainPath(path: string): string {
  return path
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .join("/");
}

async function readModule(
  { type, source, base }: SourceModule,
  reader: SourceReader,
  fetchBase: FetchBase | undefined,
  where: RemoteMediaError["where"] & {},
): Promise<void> {
  const found = await reader.read(source);
  if (found === undefined && (base === undefined || fetchBase === undefined)) {
    throw new RemoteMediaError("module-missing", `the module ${type} is ${source}, which is not there`, {
      where,
    });
  }
  const read = found ?? (await reader.take(source, await collectBase(fetchBase!(base!), type), base!));
  if (base === undefined || read.digest === base.digest) return;
  const message = `the module ${type} (${source}) isn't its base: it has ${read.digest}, the base ${base.digest}`;
  throw new RemoteMediaError("digest-mismatch", message, {
    where: { ...where, digest: read.digest },
    hint: "name the base that it is, or remove `base`",
  });
}

async function findDescriptor(source: string, reader: SourceReader): Promise<string | undefined> {
  for (const path of descriptorPaths(source)) {
    if ((await reader.read(path, maxConfigBytes)) !== undefined) return path;
  }
  return undefined;
}

async function collectBase(pieces: AsyncIterable<Uint8Array>, type: string): Promise<Uint8Array> {
  const collected: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > maxBaseBytes) {
      throw new RemoteMediaError(
        "package-invalid",
        `the base of ${type} has more than ${maxBaseBytes} bytes`,
      );
    }
    collected.push(piece);
  }
  return Buffer.concat(collected);
}
