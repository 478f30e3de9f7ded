// What either side of a session holds the other to.

export const protocolBounds = {
  /** A control message, encoded. */
  controlBytes: 192 * 1024,
  /** A piece of a frame on a stage's channel, its head included. */
  pieceBytes: 64 * 1024,
  /** A whole frame's data. */
  frameBytes: 64 * 1024 * 1024,
  /** A piece's head, encoded. */
  headBytes: 4096,
  /** The failures of one call, encoded. */
  failureBytes: 1024 * 1024,
  manifestBytes: 128 * 1024,
  blobPartBytes: 48 * 1024,
  failures: 1024,
  wanted: 1024,
  path: 8,
  versions: 16,
  textBytes: 1024,
} as const;

/** Of a session: silence after which the peer is dead, and how often it is spoken to. */
export const heartbeatMs = 250;
export const silenceMs = 1000;
