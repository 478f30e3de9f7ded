// The ChildSpawner suite: what whoever starts children may rely on, whether they are processes or fakes.
import { afterEach, describe, expect, it } from "vitest";
import type { Child, ChildSpawner } from "../../platform/contract/process.ts";

/** How a spawner's children must behave for the suite. `echo` copies the second Int32 of the shared memory to the third
 * and wakes its parent, whenever the second has changed; `quit` ends with exit code 3 at once. */
export type ChildBehaviour = "echo" | "quit";

const size = { role: "sandbox", sharedBytes: 1024 * 1024, addressSpaceBytes: 1024 * 1024 * 1024 } as const;

/** Runs the suite on one implementation. */
export function describeChildSpawner(
  name: string,
  makeSpawner: (behaviour: ChildBehaviour) => ChildSpawner,
): void {
  describe(`${name} is a ChildSpawner whose children`, () => {
    const started: Child[] = [];
    const start = (behaviour: ChildBehaviour) => {
      const child = makeSpawner(behaviour).spawn(size);
      started.push(child);
      return child;
    };
    const echo = (child: Child, value: number) => {
      const words = new Int32Array(child.shared);
      return new Promise<void>((resolve) => {
        child.onWake(() => {
          if (Atomics.load(words, 2) === value) resolve();
        });
        Atomics.store(words, 1, value);
        child.wake();
      });
    };

    afterEach(async () => {
      for (const child of started.splice(0)) {
        child.kill();
        await child.exited;
        child.release();
      }
    });

    it("share zeroed memory of the size that was asked for", () => {
      const { shared } = start("echo");
      expect(shared.byteLength).toBe(size.sharedBytes);
      expect(new Uint8Array(shared).every((byte) => byte === 0)).toBe(true);
    });

    it("hear wakes and are heard, turn after turn", async () => {
      const child = start("echo");
      for (let turn = 1; turn <= 50; turn++) await echo(child, turn);
    });

    it("hear a wake that came before they listened", async () => {
      const child = start("echo");
      for (let wake = 0; wake < 100; wake++) child.wake();
      await echo(child, 7);
    });

    it("call back later, not from within `wake`", async () => {
      const child = start("echo");
      await echo(child, 1);
      let isCalled = false;
      child.onWake(() => {
        isCalled = true;
      });
      Atomics.store(new Int32Array(child.shared), 1, 2);
      child.wake();
      expect(isCalled).toBe(false);
    });

    it("are separate: what one has, no other sees", async () => {
      const [one, other] = [start("echo"), start("echo")];
      expect(one.pid).not.toBe(other.pid);
      await echo(one, 5);
      expect(new Int32Array(other.shared)[2]).toBe(0);
    });

    it("end when they are killed, which may be done more than once", async () => {
      const child = start("echo");
      await echo(child, 1);
      child.kill();
      child.kill();
      expect(await child.exited).toMatchObject({ signal: "SIGKILL", exitCode: undefined });
    });

    it("may be killed at once, before they have done anything", async () => {
      const child = start("echo");
      child.kill();
      expect((await child.exited).signal).toBe("SIGKILL");
    });

    it("tell their exit code when they end by themselves", async () => {
      expect(await start("quit").exited).toEqual({ signal: undefined, exitCode: 3, lastWords: "" });
    });

    it("bear being woken and released after their end, more than once", async () => {
      const child = start("quit");
      await child.exited;
      child.wake();
      child.kill();
      child.release();
      child.release();
      child.wake();
    });
  });
}
