// One direction of records between parent and child: descriptors in a ring, bytes in an arena, no copy of our own.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { type RingMemory, ringSlots, slotWords } from "./shared-layout.ts";

/** Where a reserved record's bytes go. */
export interface Reservation {
  readonly offset: number;
  readonly bytes: number;
}

/** Records start on cache lines: no false sharing, and every typed view is aligned. */
const alignment = 64;

/** The producing end. It alone decides where a record lies: at the arena's start as soon as there is room, else after the
 * newest one, so that a ring that keeps up stays in the same few pages. */
export class RecordWriter {
  readonly #memory: RingMemory;
  #produced = 0;
  /** Arena ranges in use, oldest first. */
  readonly #held: Reservation[] = [];
  #freed = 0;
  #next = 0;

  constructor(memory: RingMemory) {
    this.#memory = memory;
  }

  get arena(): Uint8Array {
    return this.#memory.arena;
  }

  get view(): DataView {
    return this.#memory.arenaView;
  }

  /** Largest record that can ever fit. */
  get capacity(): number {
    return this.#memory.arena.length;
  }

  /** Records that the consumer has not yet taken. */
  get unread(): number {
    return (this.#produced - Atomics.load(this.#memory.control, this.#memory.consumed)) >>> 0;
  }

  /** Room for a record of `bytes`, or undefined until the consumer has taken more. */
  reserve(bytes: number): Reservation | undefined {
    this.#reclaim();
    if (this.#held.length >= ringSlots) return undefined;
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    const oldest = this.#held[0];
    if (oldest === undefined) this.#next = 0;
    const capacity = this.capacity;
    if (oldest === undefined || oldest.offset < this.#next) {
      if (oldest !== undefined && size < oldest.offset) return { offset: 0, bytes };
      return this.#next + size <= capacity ? { offset: this.#next, bytes } : undefined;
    }
    return this.#next + size < oldest.offset ? { offset: this.#next, bytes } : undefined;
  }

  /** Hands a reserved and filled record over. */
  commit(type: number, sequence: number, reservation: Reservation): void {
    const { slots, control, produced } = this.#memory;
    const slot = (this.#produced & (ringSlots - 1)) * slotWords;
    slots[slot] = type;
    slots[slot + 1] = reservation.offset;
    slots[slot + 2] = reservation.bytes;
    slots[slot + 3] = sequence;
    this.#held.push(reservation);
    this.#next =
      reservation.offset + Math.max(alignment, Math.ceil(reservation.bytes / alignment) * alignment);
    this.#produced = (this.#produced + 1) | 0;
    Atomics.store(control, produced, this.#produced);
  }

  #reclaim(): void {
    const consumed = Atomics.load(this.#memory.control, this.#memory.consumed);
    const count = Math.min((consumed - this.#freed) >>> 0, this.#held.length);
    if (count > 0) this.#held.splice(0, count);
    this.#freed = (this.#freed + count) | 0;
  }
}

/** A record in the consumer's hands. It stays valid until `release`. */
export interface RecordView {
  readonly type: number;
  readonly sequence: number;
  readonly offset: number;
  readonly bytes: number;
}

/** The consuming end. Every number in a slot is attacker-controlled: read once, checked, refused. */
export class RecordReader {
  readonly #memory: RingMemory;
  #consumed = 0;

  constructor(memory: RingMemory) {
    this.#memory = memory;
  }

  get arena(): Uint8Array {
    return this.#memory.arena;
  }

  get view(): DataView {
    return this.#memory.arenaView;
  }

  /** The oldest unread record, or undefined. Throws `sandbox-failed` when the producer lies. */
  peek(): RecordView | undefined {
    const unread = (Atomics.load(this.#memory.control, this.#memory.produced) - this.#consumed) >>> 0;
    if (unread === 0) return undefined;
    if (unread > ringSlots)
      throw new RemoteMediaError("sandbox-failed", "the record ring's counter is out of range");
    const slot = (this.#consumed & (ringSlots - 1)) * slotWords;
    const slots = this.#memory.slots;
    const record = {
      type: slots[slot]!,
      offset: slots[slot + 1]! >>> 0,
      bytes: slots[slot + 2]! >>> 0,
      sequence: slots[slot + 3]!,
    };
    if (record.offset + record.bytes > this.#memory.arena.length) {
      throw new RemoteMediaError("sandbox-failed", "a record points outside of its arena");
    }
    return record;
  }

  /** Gives the peeked record's room back. */
  release(): void {
    this.#consumed = (this.#consumed + 1) | 0;
    Atomics.store(this.#memory.control, this.#memory.consumed, this.#consumed);
  }
}
