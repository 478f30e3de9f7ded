// CBOR as peers speak it: plain data only, each message by itself. Wraps cbor-x.
import { Decoder } from "cbor-x/decode";
import { Encoder } from "cbor-x/encode";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { scanCbor } from "./scan-cbor.ts";

// No records: their structures would be a state that one message leaves for the next.
const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
// Integers beyond 2^53 come out inexact, and are refused by whoever reads a whole number.
const decoding = { useRecords: false, mapsAsObjects: true, int64AsNumber: true };
const decoder = new Decoder(decoding);

/** Plain data as CBOR. The bytes are part of a larger buffer that nobody else writes to. */
export function encodeCbor(value: unknown): Uint8Array {
  return encoder.encode(value);
}

/** Plain data out of what a peer sent. Byte strings are copies. The caller has bounded the size.
 * @throws RemoteMediaError `peer-invalid` */
export function decodeCbor(bytes: Uint8Array): unknown {
  scanCbor(bytes);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new RemoteMediaError("peer-invalid", "the peer sent data that can't be read", { cause });
  }
}
