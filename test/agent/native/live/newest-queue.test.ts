// What waits is bounded, and it is the newest.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NewestQueue } from "../../../../agent/native/live/newest-queue.ts";

function queued(order: number, bytes = 1, pts = order) {
  return {
    order,
    frame: { port: "out", pts, payload: { kind: "bytes" as const }, data: new Uint8Array(bytes) },
  };
}

function drain(queue: NewestQueue): number[] {
  const orders: number[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) orders.push(next.order);
  return orders;
}

const wide = { frames: 1000, bytes: 1e9, durationUs: 1e12 };

describe("the queue of newest frames", () => {
  test.each([
    ["frames", { ...wide, frames: 2 }],
    ["bytes", { ...wide, bytes: 25 }],
    ["duration", { ...wide, durationUs: 1 }],
  ])("drops the oldest and counts them when there are too many %s", (_what, bounds) => {
    const queue = new NewestQueue(bounds);
    for (let order = 0; order < 5; order++) queue.push(queued(order, 10));
    expect([queue.length, queue.bytes, queue.dropped]).toEqual([2, 20, 3]);
    expect(drain(queue)).toEqual([3, 4]);
    expect([queue.length, queue.bytes]).toEqual([0, 0]);
  });

  test("keeps the newest frame whatever its size", () => {
    const queue = new NewestQueue({ ...wide, bytes: 5 });
    queue.push(queued(0, 4));
    queue.push(queued(1, 100));
    expect([queue.headOrder, queue.dropped, queue.bytes]).toEqual([1, 1, 100]);
  });

  test("gives what it took in order, holds no more than its bounds, and its counts add up, whatever comes and goes", () => {
    const bounds = fc.record({
      frames: fc.integer({ min: 1, max: 80 }),
      bytes: fc.integer({ min: 1, max: 200 }),
      durationUs: fc.integer({ min: 0, max: 200 }),
    });
    const steps = fc.array(fc.oneof(fc.constant("shift" as const), fc.nat(40)), { maxLength: 300 });
    fc.assert(
      fc.property(bounds, steps, (bound, actions) => {
        const queue = new NewestQueue(bound);
        const given: number[] = [];
        let pushed = 0;
        for (const action of actions) {
          if (action === "shift") given.push(...[queue.shift()].flatMap((one) => one?.order ?? []));
          else queue.push(queued(pushed++, action));
          const isOne = queue.length === 1;
          expect(queue.length <= bound.frames && (isOne || queue.bytes <= bound.bytes)).toBe(true);
          expect(given.length + queue.length + queue.dropped).toBe(pushed);
        }
        given.push(...drain(queue));
        expect(given).toEqual([...given].sort((a, b) => a - b));
        expect(new Set(given).size).toBe(given.length);
        expect(given.length + queue.dropped).toBe(pushed);
        if (pushed > 0) expect(given.at(-1) ?? pushed - 1).toBe(pushed - 1);
      }),
    );
  });
});
