// The parent's deadline, with time turned by hand.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallDeadline, type WatchedSession } from "../../../agent/sandbox/call-deadline.ts";

class FakeSession implements WatchedSession {
  progress = 0;
  currentNode = -1;
  isLoaded = true;
  isKilled = false;
  kill(): void {
    this.isKilled = true;
  }
}

describe("the deadline of a call", () => {
  let isBusy = true;
  let answered = 0;
  const open: CallDeadline[] = [];
  const make = (...limitsMs: number[]) => {
    const deadline = new CallDeadline(limitsMs, { isBusy: () => isBusy, answered: () => answered });
    open.push(deadline);
    return deadline;
  };
  const watch = (deadline: CallDeadline, values: Partial<FakeSession> = {}) => {
    const session = Object.assign(new FakeSession(), values);
    deadline.watch(session);
    return session;
  };

  beforeEach(() => {
    isBusy = true;
    answered = 0;
    vi.useFakeTimers();
  });
  afterEach(() => {
    for (const deadline of open.splice(0)) deadline.stop();
    vi.useRealTimers();
  });

  it("kills a child whose own timer did not, a little after the node's limit", () => {
    const deadline = make(250, 1000);
    const session = watch(deadline, { currentNode: 0 });
    vi.advanceTimersByTime(300);
    expect(session.isKilled).toBe(false);
    vi.advanceTimersByTime(200);
    expect(session.isKilled).toBe(true);
    expect(deadline.expired).toBe(true);
  });

  it("goes by the limit of the node that runs", () => {
    const session = watch(make(250, 1000), { currentNode: 1 });
    vi.advanceTimersByTime(1000);
    expect(session.isKilled).toBe(false);
    vi.advanceTimersByTime(300);
    expect(session.isKilled).toBe(true);
  });

  it("starts again with every call that begins or ends", () => {
    const session = watch(make(250), { currentNode: 0 });
    for (let step = 0; step < 20; step++) {
      vi.advanceTimersByTime(200);
      session.progress++;
    }
    expect(session.isKilled).toBe(false);
  });

  it("leaves a child time for its own work between calls, and more while it loads", () => {
    const working = watch(make(10));
    vi.advanceTimersByTime(1900);
    expect(working.isKilled).toBe(false);
    vi.advanceTimersByTime(500);
    expect(working.isKilled).toBe(true);
    const loading = watch(make(10), { isLoaded: false });
    vi.advanceTimersByTime(59_000);
    expect(loading.isKilled).toBe(false);
    vi.advanceTimersByTime(2000);
    expect(loading.isKilled).toBe(true);
  });

  it("gives a node that does nothing wrong while it opens what instantiating takes", () => {
    const session = watch(make(10), { isLoaded: false, currentNode: 0 });
    vi.advanceTimersByTime(1900);
    expect(session.isKilled).toBe(false);
  });

  it("does not watch a child that owes nothing", () => {
    isBusy = false;
    const session = watch(make(10), { currentNode: 0 });
    vi.advanceTimersByTime(100_000);
    expect(session.isKilled).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("doesn't believe progress for ever when no call is answered", () => {
    const session = watch(make(100), { currentNode: 0 });
    const pass = (ms: number) => {
      for (let step = 0; step < ms; step += 50) {
        session.progress++;
        vi.advanceTimersByTime(50);
      }
    };
    pass(60_000);
    expect(session.isKilled).toBe(false);
    answered++;
    pass(60_000);
    expect(session.isKilled).toBe(false);
    pass(20_000);
    expect(session.isKilled).toBe(true);
  });

  it("begins anew with the next child", () => {
    const deadline = make(250);
    watch(deadline, { currentNode: 0 });
    vi.advanceTimersByTime(500);
    expect(deadline.expired).toBe(true);
    const next = watch(deadline, { currentNode: 0 });
    expect(deadline.expired).toBe(false);
    vi.advanceTimersByTime(250);
    expect(next.isKilled).toBe(false);
  });
});
