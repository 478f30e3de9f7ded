// How long is waited before something is tried again.
import { expect, test } from "vitest";
import { BackOff } from "../../../../agent/native/live/back-off.ts";

function waits(random: number): number[] {
  const backOff = new BackOff(() => random);
  return Array.from({ length: 8 }, () => backOff.next());
}

test("waits double from 250 ms to 10 s, each up to a fifth shorter or longer", () => {
  expect(waits(0.5)).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  expect(waits(0).slice(-1)).toEqual([8000]);
  expect(waits(1).slice(0, 2)).toEqual([300, 600]);
});

test("begin anew after a reset", () => {
  const backOff = new BackOff(() => 0.5);
  backOff.next();
  backOff.next();
  backOff.reset();
  expect(backOff.next()).toBe(250);
});

test("are shortened once, never lengthened, and double from there", () => {
  const backOff = new BackOff(() => 0.5);
  backOff.shorten(1000);
  expect([backOff.next(), backOff.next(), backOff.next(), backOff.next()]).toEqual([250, 500, 1000, 2000]);
  backOff.shorten(1000);
  expect([backOff.next(), backOff.next()]).toEqual([1000, 2000]);
});
