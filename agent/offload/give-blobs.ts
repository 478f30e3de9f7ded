// Gives a peer the parts of the packages that we have asked it to run, and of no other.
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { protocolBounds } from "../protocol/bounds.ts";
import type { WantBlob } from "../protocol/control-message.ts";
import { peerInvalid } from "../protocol/field-reader.ts";
import type { PeerSession } from "../protocol/peer-session.ts";
import { encodeWireError } from "../protocol/wire-error.ts";

export interface GivenBlob {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** `blob`: `signatures`, or the digest of one of the package's parts; undefined where it has no such part. */
export type FindBlob = (digest: string, blob: string) => Promise<GivenBlob | undefined>;

/** Requests that are answered at a time; a peer has fewer under way. */
const maxPending = 64;

/** Answers for as long as the session lives. `isOffered`: whether this package was asked to be run there. The function given ends it. */
export function giveBlobs(
  session: PeerSession,
  isOffered: (digest: string) => boolean,
  find: FindBlob,
): () => void {
  let pending = 0;
  const answer = async (wanted: WantBlob): Promise<void> => {
    const { request, offset } = wanted;
    const reply = { type: "blob" as const, request, offset };
    try {
      const { size, bytes } = await readPart(wanted, isOffered, find);
      if (session.isOpen) session.send({ ...reply, size, bytes });
    } catch (thrown) {
      const error = toRemoteMediaError(thrown);
      // What our disk says is not for others.
      const told =
        error.code === "package-missing"
          ? error
          : new RemoteMediaError("package-missing", "it can't be read");
      if (session.isOpen) {
        session.send({ ...reply, size: 0, bytes: new Uint8Array(0), error: encodeWireError(told) });
      }
    }
  };
  return session.onMessage((message) => {
    if (message.type !== "want-blob") return;
    if (pending >= maxPending) throw peerInvalid("more requests for packages than are answered");
    pending += 1;
    answer(message)
      .catch(() => {})
      .finally(() => {
        pending -= 1;
      });
  });
}

async function readPart(
  { package: digest, digest: blob, offset, length }: WantBlob,
  isOffered: (digest: string) => boolean,
  find: FindBlob,
): Promise<{ size: number; bytes: Uint8Array }> {
  const found = isOffered(digest) ? await find(digest, blob) : undefined;
  if (found === undefined)
    throw new RemoteMediaError("package-missing", "there is no such part of a package");
  const { size } = found;
  const wanted = Math.min(length, protocolBounds.blobPartBytes, Math.max(0, size - offset));
  return { size, bytes: wanted === 0 ? new Uint8Array(0) : await found.read(offset, wanted) };
}
