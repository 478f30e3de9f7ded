// Watching a machine: told at once, then at each change, at most once a second.
import { describe, expect, it } from "vitest";
import type { CapabilityStatement } from "../../../agent/capability/statement.ts";
import { watchBoard } from "../../../agent/main/watch-board.ts";
import type { DeviceWatcher } from "../../../platform/contract/machine.ts";
import { boardFacts, boardStatement } from "../capability/facts-fixture.ts";

const whole = boardStatement();
const blind = boardStatement({ cameras: [] });

/** A board that shows one statement after the other, the last for ever, and a watcher that is rung by hand. */
function stage(...statements: CapabilityStatement[]) {
  let listener: ((names: readonly string[]) => void) | undefined;
  const seen = { looks: 0, forgotten: 0 };
  const looked: (() => void)[] = [];
  const board = {
    look: async () => {
      const statement = statements[Math.min(seen.looks, statements.length - 1)]!;
      seen.looks += 1;
      looked.shift()?.();
      return { facts: boardFacts(), statement };
    },
    forget: () => {
      seen.forgotten += 1;
    },
  };
  const watcher: DeviceWatcher = {
    onChange: (told) => {
      listener = told;
    },
    [Symbol.dispose]: () => {},
  };
  const end = new AbortController();
  const looks = watchBoard(board, watcher, end.signal);
  return {
    looks,
    seen,
    end,
    ring: () => listener?.(["video0"]),
    nextLook: () => new Promise<void>((done) => looked.push(done)),
  };
}

describe("watchBoard", () => {
  it("tells the first look at once, and a change a second later at the earliest", async () => {
    const { looks, ring, seen, end } = stage(whole, blind);
    const first = await looks.next();
    const startMs = performance.now();
    expect(first.value).toMatchObject({ statement: whole, changed: [] });
    const second = looks.next();
    ring();
    expect((await second).value).toMatchObject({ statement: blind, changed: ["devices.cameras"] });
    expect(performance.now() - startMs).toBeGreaterThan(950);
    expect(seen.forgotten).toBe(1);
    end.abort();
    expect(await looks.next()).toEqual({ done: true, value: undefined });
  });

  it("stays silent where nothing worth telling has changed, and ends while it waits", async () => {
    const { looks, ring, end, nextLook } = stage(whole, { ...whole, time: blind.time });
    await looks.next();
    const again = nextLook();
    const next = looks.next();
    ring();
    await again;
    end.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
