// A control message as bytes.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { protocolBounds } from "./bounds.ts";
import { encodeCbor } from "./cbor.ts";
import type { ControlMessage } from "./control-message.ts";

/** One message; the bytes are the caller's. Fields that are undefined are left out.
 * @throws RemoteMediaError `internal` when it is larger than a peer takes: who makes a message holds its parts to `protocolBounds` */
export function encodeControl(message: ControlMessage): Uint8Array {
  const said = Object.entries(message).filter(([, value]) => value !== undefined);
  const bytes = new Uint8Array(encodeCbor(Object.fromEntries(said)));
  if (bytes.length > protocolBounds.controlBytes) {
    throw new RemoteMediaError(
      "internal",
      `a message "${message.type}" has ${bytes.length} bytes; a peer takes ${protocolBounds.controlBytes}`,
    );
  }
  return bytes;
}
