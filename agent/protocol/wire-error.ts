// Errors on the wire: a code of the table and one line, and nothing of our insides.

import { RemoteMediaError } from "../../platform/base/error.ts";
import { isErrorCode } from "../../platform/base/error-codes.ts";
import { printable } from "../../platform/base/printable.ts";
import { protocolBounds } from "./bounds.ts";
import type { WireError } from "./control-message.ts";

/** What a peer is told: the message cut to what it takes. */
export function encodeWireError({ code, message }: Pick<RemoteMediaError, "code" | "message">): WireError {
  return { code, message: printable(message, protocolBounds.textBytes / 4) };
}

/** What a peer has told, as an error of ours. `who` is its printable name. A code that we don't have is `peer-invalid`. */
export function readWireError({ code, message }: WireError, who: string): RemoteMediaError {
  const text = `${who}: ${message}`;
  return new RemoteMediaError(isErrorCode(code) ? code : "peer-invalid", text);
}
