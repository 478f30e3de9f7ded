// How parent and child divide the memory they share: control words, metrics, two descriptor rings, two arenas.

/** Nodes a stage may hold; bounds the metrics area. */
export const maxStageNodes = 16;
/** Records that may lie in one direction unread. A power of two. */
export const ringSlots = 256;
/** Int32 words of a slot: record type, arena offset, record bytes, sequence number. */
export const slotWords = 4;

/** Indices into the control words (Int32Array at offset 0). The counters wrap around at 2^32. */
export const control = {
  /** 1 while a wake-up byte for the child lies in the socket. */
  childWakePending: 0,
  /** 1 while a wake-up byte for the parent lies in the socket. */
  parentWakePending: 1,
  /** 1 while the child waits for room in its outgoing arena. */
  childWantsRoom: 2,
  /** Index of the node whose code is running, -1 outside of guest code. */
  currentNode: 3,
  /** Counts guest calls begun and ended: the parent's deadline watches it. */
  progress: 4,
  toChildProduced: 5,
  toChildConsumed: 6,
  toParentProduced: 7,
  toParentConsumed: 8,
  /** Slots for debugging and alignment. */
  words: 16,
} as const;

/** Bytes of one node's metrics block. */
export const metricsBytes = 2048;
const controlBytes = 4096;
const metricsOffset = controlBytes;
const ringBytes = ringSlots * slotWords * 4;
const toChildRing = metricsOffset + maxStageNodes * metricsBytes;
const toParentRing = toChildRing + ringBytes;
const arenas = Math.ceil((toParentRing + ringBytes) / 4096) * 4096;

/** The largest single record a default child takes, beside the frame's head: 64 MiB. */
const defaultArenaBytes = 66 * 1024 * 1024;

/** Size of the shared memory whose arenas hold a record of `recordBytes` (default 64 MiB). */
export function sharedBytesFor(recordBytes = 0): number {
  const arena = Math.max(defaultArenaBytes, recordBytes + 2 * 1024 * 1024);
  return arenas + 2 * Math.ceil(arena / 4096) * 4096;
}

export interface SharedLayout {
  readonly control: Int32Array;
  readonly metrics: readonly ArrayBufferView[] & readonly DataView[];
  readonly toChild: RingMemory;
  readonly toParent: RingMemory;
}

/** One direction: which control words count it, where its slots and its bytes are. */
export interface RingMemory {
  readonly control: Int32Array;
  readonly produced: number;
  readonly consumed: number;
  readonly slots: Int32Array;
  readonly arena: Uint8Array;
  readonly arenaView: DataView;
}

export function layoutOf(shared: ArrayBuffer): SharedLayout {
  const words = new Int32Array(shared, 0, control.words);
  const arenaBytes = (shared.byteLength - arenas) / 2;
  const ring = (slots: number, arena: number, produced: number, consumed: number): RingMemory => ({
    control: words,
    produced,
    consumed,
    slots: new Int32Array(shared, slots, ringSlots * slotWords),
    arena: new Uint8Array(shared, arena, arenaBytes),
    arenaView: new DataView(shared, arena, arenaBytes),
  });
  return {
    control: words,
    metrics: Array.from(
      { length: maxStageNodes },
      (_, node) => new DataView(shared, metricsOffset + node * metricsBytes, metricsBytes),
    ),
    toChild: ring(toChildRing, arenas, control.toChildProduced, control.toChildConsumed),
    toParent: ring(toParentRing, arenas + arenaBytes, control.toParentProduced, control.toParentConsumed),
  };
}
