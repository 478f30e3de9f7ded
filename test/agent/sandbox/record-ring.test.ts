// The record ring against a plain queue: whatever the order of calls, records come out as they went in and never overlap.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordReader, RecordWriter } from "../../../agent/sandbox/record-ring.ts";
import {
  layoutOf,
  type RingMemory,
  ringSlots,
  sharedBytesFor,
  slotWords,
} from "../../../agent/sandbox/shared-layout.ts";

/** Shared memory with small arenas, so that they fill. */
function smallRing(arenaBytes = 8192): RingMemory {
  const overhead = sharedBytesFor() - 2 * 66 * 1024 * 1024;
  return layoutOf(new ArrayBuffer(overhead + 2 * arenaBytes)).toChild;
}

interface Sent {
  readonly type: number;
  readonly sequence: number;
  readonly bytes: number;
}

const commands = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ send: fc.oneof(fc.nat(200), fc.nat(3000), fc.constant(8192)) }) },
    { weight: 2, arbitrary: fc.constant({ take: true }) },
  ),
  { maxLength: 400 },
);

describe("the record ring", () => {
  it("gives records in order and whole, whatever is sent and taken when", () => {
    fc.assert(
      fc.property(commands, (list) => {
        const ring = smallRing();
        const writer = new RecordWriter(ring);
        const reader = new RecordReader(ring);
        const queue: Sent[] = [];
        let sequence = 0;
        for (const command of list) {
          if ("send" in command) {
            const room = writer.reserve(command.send);
            if (room === undefined) {
              // Refused only where something is still unread.
              expect(queue.length).toBeGreaterThan(0);
              continue;
            }
            expect(room.offset + command.send).toBeLessThanOrEqual(writer.capacity);
            expect(room.offset % 64).toBe(0);
            sequence++;
            writer.arena.fill(sequence & 255, room.offset, room.offset + command.send);
            writer.commit(sequence % 7, sequence, room);
            queue.push({ type: sequence % 7, sequence, bytes: command.send });
          } else {
            const record = reader.peek();
            const expected = queue.shift();
            expect(record && { type: record.type, sequence: record.sequence, bytes: record.bytes }).toEqual(
              expected,
            );
            if (record === undefined) continue;
            const bytes = reader.arena.subarray(record.offset, record.offset + record.bytes);
            expect(bytes.every((byte) => byte === (record.sequence & 255))).toBe(true);
            reader.release();
          }
          expect(writer.unread).toBe(queue.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("peeks the same record until it is released", () => {
    const ring = smallRing();
    const [writer, reader] = [new RecordWriter(ring), new RecordReader(ring)];
    writer.commit(1, 1, writer.reserve(10)!);
    writer.commit(2, 2, writer.reserve(10)!);
    expect([reader.peek()?.sequence, reader.peek()?.sequence]).toEqual([1, 1]);
    reader.release();
    expect(reader.peek()?.sequence).toBe(2);
    reader.release();
    expect(reader.peek()).toBeUndefined();
  });

  it("holds as many records as it has slots, and then as many more as were taken", () => {
    const ring = smallRing(1024 * 1024);
    const [writer, reader] = [new RecordWriter(ring), new RecordReader(ring)];
    for (let sequence = 0; sequence < ringSlots; sequence++) writer.commit(1, sequence, writer.reserve(1)!);
    expect(writer.reserve(0)).toBeUndefined();
    reader.peek();
    reader.release();
    writer.commit(1, ringSlots, writer.reserve(1)!);
    expect(writer.reserve(0)).toBeUndefined();
  });

  it("takes a record as large as its arena, and none larger", () => {
    const writer = new RecordWriter(smallRing());
    expect(writer.reserve(writer.capacity + 1)).toBeUndefined();
    expect(writer.reserve(writer.capacity)).toEqual({ offset: 0, bytes: writer.capacity });
  });

  it("begins at the arena's start again as soon as all is taken", () => {
    const ring = smallRing();
    const [writer, reader] = [new RecordWriter(ring), new RecordReader(ring)];
    for (let round = 0; round < 1000; round++) {
      const room = writer.reserve(100)!;
      expect(room.offset).toBe(0);
      writer.commit(1, round, room);
      reader.peek();
      reader.release();
    }
  });
});

describe("the consuming end refuses", () => {
  it("whatever stands in a slot that is no place in the arena, and nothing else", () => {
    const word = fc.oneof(fc.integer({ min: -2147483648, max: 2147483647 }), fc.nat(9000));
    fc.assert(
      fc.property(word, word, word, word, (type, offset, bytes, sequence) => {
        const ring = smallRing();
        ring.slots.set([type, offset, bytes, sequence], 0);
        ring.control[ring.produced] = 1;
        const isInside = (offset >>> 0) + (bytes >>> 0) <= ring.arena.length;
        const reader = new RecordReader(ring);
        if (isInside) expect(reader.peek()).toEqual({ type, offset, bytes, sequence });
        else expect(() => reader.peek()).toThrow(expect.objectContaining({ code: "sandbox-failed" }));
      }),
    );
  });

  it("a counter that is further on than there are slots", () => {
    fc.assert(
      fc.property(fc.integer({ min: -2147483648, max: 2147483647 }), (produced) => {
        const ring = smallRing();
        ring.slots.fill(0, 0, ringSlots * slotWords);
        ring.control[ring.produced] = produced;
        const unread = produced >>> 0;
        const peek = () => new RecordReader(ring).peek();
        if (unread > ringSlots) expect(peek).toThrow(expect.objectContaining({ code: "sandbox-failed" }));
        else expect(peek() === undefined).toBe(unread === 0);
      }),
    );
  });
});

it("the producing end survives a consumer that lies about what it has taken", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3000), fc.integer()), { maxLength: 100 }), (steps) => {
      const ring = smallRing();
      const writer = new RecordWriter(ring);
      for (const [bytes, consumed] of steps) {
        ring.control[ring.consumed] = consumed;
        const room = writer.reserve(bytes);
        if (room === undefined) continue;
        expect(room.offset).toBeGreaterThanOrEqual(0);
        expect(room.offset + bytes).toBeLessThanOrEqual(writer.capacity);
        writer.commit(1, 1, room);
      }
    }),
  );
});
