// A message of a stage's channel as pieces: `[u16 LE bytes of the head][head, CBOR][raw bytes]`, each at most 64 KiB.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";
import type { NodeFailure } from "../node/failure.ts";
import { protocolBounds } from "./bounds.ts";
import { encodeCbor } from "./cbor.ts";
import type { StageMessage } from "./control-message.ts";

const none = new Uint8Array(0);

/** The pieces of one message, in order; they are sent one after the other, with no other message's between them, but a `credit`. The first
 * has the message's head, those that follow have as head the number of bytes that went before. Each piece is made when it is asked for,
 * with one copy, and is the caller's; `message` must not change until then.
 * @throws RemoteMediaError `internal` for a message that no peer takes */
export function* encodeStageMessage(message: StageMessage): Generator<Uint8Array, void, undefined> {
  const { head, body } = splitMessage(message);
  let sent = 0;
  let next = head;
  do {
    const encoded = encodeCbor(next);
    if (encoded.length > protocolBounds.headBytes)
      throw new RemoteMediaError("internal", `a message "${message.type}" has a head that no peer takes`);
    const taken = Math.min(body.length - sent, protocolBounds.pieceBytes - 2 - encoded.length);
    yield joinPiece(encoded, body.subarray(sent, sent + taken));
    sent += taken;
    next = sent;
  } while (sent < body.length);
}

function splitMessage(message: StageMessage): { head: unknown; body: Uint8Array } {
  switch (message.type) {
    case "frame": {
      // Field by field: a frame may have come by with more on it.
      const { type, call, node, port, pts, payload, data, ended } = message;
      if (data.length > protocolBounds.frameBytes)
        throw new RemoteMediaError("internal", `a frame of ${data.length} bytes; no peer takes it`);
      const head = { type, call, node, port, pts, payload, size: data.length, ...(ended && { ended }) };
      return { head, body: data };
    }
    case "ack": {
      const { failures, refused, ...head } = message;
      const body = failures.length === 0 ? none : encodeFailures(failures);
      return { head: { ...head, ...(refused && { refused }), size: body.length }, body };
    }
    default:
      return { head: message, body: none };
  }
}

/** Messages are for people: rather than not telling of a failure, less of its text is told. */
function encodeFailures(failures: readonly NodeFailure[]): Uint8Array {
  const kept = failures.slice(0, protocolBounds.failures);
  for (let longest = protocolBounds.textBytes / 4; longest >= 1; longest >>= 2) {
    const told = kept.map(({ framePts, message, ...failure }) => ({
      ...failure,
      message: printable(message, longest),
      ...(framePts !== undefined && { framePts }),
    }));
    const bytes = encodeCbor(told);
    if (bytes.length <= protocolBounds.failureBytes) return bytes;
  }
  throw new RemoteMediaError("internal", "failures whose nodes have names that no peer takes");
}

function joinPiece(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  const piece = new Uint8Array(2 + head.length + bytes.length);
  piece[0] = head.length & 255;
  piece[1] = head.length >> 8;
  piece.set(head, 2);
  piece.set(bytes, 2 + head.length);
  return piece;
}
