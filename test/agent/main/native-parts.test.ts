// What native nodes are given of this machine: looked at anew each time, watched only when somebody waits.
import { expect, test } from "vitest";
import { openNativeParts } from "../../../agent/main/native-parts.ts";
import type { Board, BoardLook } from "../../../agent/main/probe-board.ts";
import { boardFacts, boardStatement } from "../capability/facts-fixture.ts";

test("devices are asked anew at each look", async () => {
  const calls: string[] = [];
  const look: BoardLook = { facts: boardFacts(), statement: boardStatement() };
  const board: Board = {
    forget: () => void calls.push("forget"),
    look: async () => {
      calls.push("look");
      return look;
    },
    [Symbol.dispose]: () => {},
  };
  using parts = openNativeParts(async () => board);
  expect((await parts.devices()).cameras).toEqual(look.facts.cameras);
  await parts.devices();
  expect(calls).toEqual(["forget", "look", "forget", "look"]);
});

test("whoever waits for a change of devices is let go by its signal", async () => {
  using parts = openNativeParts(() => Promise.reject(new TypeError("nobody looks")));
  const stop = new AbortController();
  const waiting = [parts.deviceChange(stop.signal), parts.deviceChange(stop.signal)];
  stop.abort();
  await Promise.all(waiting);
  await parts.deviceChange(stop.signal);
});
