// Brings a blob into a repository by the cheapest way: it is there, it can be mounted, or it is sent.
import type { BlobOutcome, BlobUpload } from "../contract/registry.ts";
import { hasBlob } from "./read-blob.ts";
import { inContext, RegistryRefusal } from "./refusal.ts";
import { doing, type RepositoryAccess } from "./repository-paths.ts";
import { isPassingError, maxTries } from "./retry.ts";
import { askStatus, beginUpload, sendRest, type UploadSession } from "./upload-session.ts";

/** What proxies that limit bodies take nearly always. */
const smallChunkBytes = 8 * 1024 * 1024;

/** @throws RemoteMediaError as `Repository` says, and what the upload's own source throws */
export async function writeBlob(access: RepositoryAccess, asked: BlobUpload): Promise<BlobOutcome> {
  const upload = { ...asked, onProgress: onlyForward(asked.onProgress) };
  const { digest } = upload.descriptor;
  const what = doing(access, `uploading the blob ${digest}`, digest);
  if (await hasBlob(access, upload.descriptor)) return "present";
  let session: UploadSession | undefined;
  let small = false;
  for (let attempt = 1; ; attempt++) {
    try {
      if (session === undefined) {
        const begun = await beginUpload(access, upload, what);
        if (begun === "mounted") return "mounted";
        session = begun;
        if (small) session.chunkBytes = Math.min(session.chunkBytes, smallChunkBytes);
      }
      await sendRest(access, upload, session, what);
      return "uploaded";
    } catch (error) {
      const tooLarge: boolean = isTooLarge(error) && !small;
      if (session === undefined || attempt === maxTries || !(isPassingError(error) || tooLarge)) {
        throw inContext(error, what);
      }
      small ||= tooLarge;
      if (!tooLarge) await access.connection.pause(attempt, error);
      // The last answer may be all that was lost.
      if (await hasBlob(access, upload.descriptor)) return "uploaded";
      const kept = !tooLarge && (await askStatus(access, upload, session, what));
      if (!kept) session = undefined;
    }
  }
}

/** Bytes that are sent again, after a 401 in their middle or a broken connection, aren't told again. */
function onlyForward(tell: BlobUpload["onProgress"]): (bytes: number) => void {
  let highest = 0;
  return (bytes) => {
    if (bytes <= highest) return;
    highest = bytes;
    tell?.(bytes);
  };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RegistryRefusal && error.status === 413;
}
