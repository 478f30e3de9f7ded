// The records between parent and child: their types and their bodies.
import type { FailureCode } from "../node/failure.ts";

/** Record types, parent to child. */
export const toChild = { load: 1, frame: 2, flush: 3, nothing: 4, rehearse: 5 } as const;
/** The sequence number of a transpiler child's `load` says what the node may import. */
export const prepareFor = { anyNode: 0, nodeWithFilesystem: 1 } as const;
/** Record types, child to parent. `done` ends what a `frame` or `flush` of the same sequence number began. */
export const toParent = { ready: 1, loaded: 2, emission: 3, failure: 4, done: 5, log: 6 } as const;

/** The failure codes by their number on the ring. */
export const failureCodes: readonly FailureCode[] = [
  "node-trap",
  "node-fuel-exhausted",
  "node-timeout",
  "node-killed",
  "node-bad-output",
  "node-output-limit",
  "node-invalid-params",
  "node-bad-input",
  "node-fatal",
];

/** Log levels by their number in the WIT. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Bytes of a failure's or log line's head, in front of its UTF-8 text. */
export const noteHeadBytes = 16;

/** A failure or a log line: 0 u8 node, 1 u8 code or level, 2 u8 has a pts, 4 u32 consecutive failures or suppressed lines,
 * 8 i64 pts, 16 text. */
export interface Note {
  readonly node: number;
  readonly code: number;
  readonly count: number;
  readonly pts: number | undefined;
  readonly text: Uint8Array;
}

export function writeNote(view: DataView, offset: number, note: Note): void {
  view.setUint8(offset, note.node);
  view.setUint8(offset + 1, note.code);
  view.setUint8(offset + 2, note.pts === undefined ? 0 : 1);
  view.setUint32(offset + 4, note.count, true);
  view.setBigInt64(offset + 8, BigInt(note.pts ?? 0), true);
  new Uint8Array(view.buffer, view.byteOffset + offset + noteHeadBytes, note.text.length).set(note.text);
}

export function readNote(view: DataView, offset: number, bytes: number): Note | undefined {
  if (bytes < noteHeadBytes) return undefined;
  return {
    node: view.getUint8(offset),
    code: view.getUint8(offset + 1),
    count: view.getUint32(offset + 4, true),
    pts: view.getUint8(offset + 2) === 0 ? undefined : Number(view.getBigInt64(offset + 8, true)),
    text: new Uint8Array(view.buffer, view.byteOffset + offset + noteHeadBytes, bytes - noteHeadBytes),
  };
}

/** A node's tag on an emission: node index and output port index in 16 bits. */
export function packTag(node: number, port: number): number {
  return (node << 8) | port;
}
