// Takes parts of a package from the peer that asks us to run it: a few requests at a time, each bounded and waited for in vain only so long.
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { Timers } from "../../platform/contract/timers.ts";
import { protocolBounds } from "../protocol/bounds.ts";
import type { Blob } from "../protocol/control-message.ts";
import { peerInvalid } from "../protocol/field-reader.ts";
import type { PeerSession } from "../protocol/peer-session.ts";
import { readWireError } from "../protocol/wire-error.ts";

/** Parts of one package. Nothing is hashed here. */
export interface BlobTaker {
  /** `signatures` or a digest; from `offset` on. @throws RemoteMediaError `package-missing`, `peer-lost`, `peer-invalid`, `peer-deadline` */
  read(blob: string, offset?: number): AsyncIterable<Uint8Array>;
  /** The whole of a small one. @throws RemoteMediaError as `read`, and `peer-invalid` where it is larger than `maxBytes` */
  readWhole(blob: string, maxBytes: number): Promise<Uint8Array>;
}

/** Requests under way at a time: enough to fill a way of 30 ms at some megabytes a second. */
const pipelined = 16;
const answerMs = 10_000;

let lastRequest = 0;

/** `digest`: the package's, as `open` named it. */
export function openBlobTaker(
  session: PeerSession,
  digest: string,
  timers: Timers,
  signal: AbortSignal,
): BlobTaker {
  const ask = (blob: string, offset: number) => askPart(session, { digest, blob, offset }, timers, signal);
  async function* read(blob: string, offset = 0): AsyncIterable<Uint8Array> {
    const first = await ask(blob, offset);
    yield first.bytes;
    const { size } = first;
    let next = offset + first.bytes.length;
    const asked: Promise<Blob>[] = [];
    const more = () => {
      if (next >= size) return;
      const part = ask(blob, next);
      part.catch(() => {});
      asked.push(part);
      next += Math.min(protocolBounds.blobPartBytes, size - next);
    };
    if (first.bytes.length === 0 && next < size) throw peerInvalid("an empty part of a package");
    for (let count = 0; count < pipelined; count++) more();
    for (let part = asked.shift(); part !== undefined; part = asked.shift()) {
      const { bytes, offset: at, size: whole } = await part;
      const due = Math.min(protocolBounds.blobPartBytes, size - at);
      if (whole !== size || bytes.length !== due) throw peerInvalid("a part of a package of another size");
      yield bytes;
      more();
    }
  }
  const readWhole = async (blob: string, maxBytes: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    let total = 0;
    for await (const part of read(blob)) {
      total += part.length;
      if (total > maxBytes) throw peerInvalid("a part of a package that is too large");
      parts.push(part);
    }
    const whole = new Uint8Array(total);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  return { read, readWhole };
}

function askPart(
  session: PeerSession,
  { digest, blob, offset }: { readonly digest: string; readonly blob: string; readonly offset: number },
  timers: Timers,
  signal: AbortSignal,
): Promise<Blob> {
  lastRequest += 1;
  const request = lastRequest;
  const { promise, resolve, reject } = Promise.withResolvers<Blob>();
  const stops = [
    session.onMessage((message) => {
      if (message.type !== "blob" || message.request !== request) return;
      if (message.error !== undefined) reject(readWireError(message.error, session.peer.name));
      else if (message.offset !== offset) reject(peerInvalid("another part of a package than was asked for"));
      else resolve(message);
    }),
    session.onEnd(reject),
    timers.after(answerMs, () =>
      reject(new RemoteMediaError("peer-deadline", `${session.peer.name} doesn't send its package`)),
    ),
  ];
  const stop = () => reject(new RemoteMediaError("peer-lost", "the stage isn't wanted any more"));
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const length = protocolBounds.blobPartBytes;
  try {
    session.send({ type: "want-blob", request, package: digest, digest: blob, offset, length });
  } catch (thrown) {
    reject(thrown);
  }
  return promise.finally(() => {
    signal.removeEventListener("abort", stop);
    for (const end of stops) end();
  });
}
