// A stage that has lost its child gets another, also where the machine is short of something for a moment.
import { afterEach, describe, expect, it } from "vitest";
import type { Frame } from "../../../agent/node/frame.ts";
import { SandboxPool } from "../../../agent/sandbox/sandbox-pool.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ChildSpawner } from "../../../platform/contract/process.ts";
import { createChildSpawner } from "../../../platform/process/spawn-child.ts";
import { readGuest } from "../../hostile/guest.ts";
import { chainRunner, checkoutCommand, prepareHere } from "../../support/sandbox.ts";

/** Real children, of which the next `shortage` can't be started. */
class ScarceSpawner implements ChildSpawner {
  shortage = 0;
  readonly #real = createChildSpawner(checkoutCommand);

  spawn: ChildSpawner["spawn"] = (options) => {
    if (this.shortage-- > 0) throw new RemoteMediaError("sandbox-failed", "no memory for a child");
    return this.#real.spawn(options);
  };
}

/** The guest loops on command 1 and echoes on command 0. */
const frame = (command: number): Frame => ({
  port: "in",
  pts: 0,
  payload: { kind: "bytes" },
  data: new Uint8Array(4).fill(command),
});

describe("a stage whose child was killed", () => {
  const spawner = new ScarceSpawner();
  const pool = new SandboxPool({ spawner, spares: 0 });
  afterEach(() => pool.close());

  it("goes on when the third attempt brings a child, and gives the run up when it doesn't", async () => {
    const preparation = await prepareHere(await readGuest("looper"));
    await using runner = chainRunner(pool, [{ preparation, limits: { maxExecutionMs: 50 } }]);
    await runner.open();
    spawner.shortage = 2;
    const [looping, following] = await Promise.all([runner.process(frame(1)), runner.process(frame(0))]);
    expect(looping.failures.map(({ code }) => code)).toEqual(["node-timeout"]);
    expect(following.emissions).toHaveLength(1);
    spawner.shortage = 3;
    const last = runner.process(frame(1));
    const lost = expect(runner.process(frame(0))).rejects.toMatchObject({ code: "sandbox-failed" });
    expect((await last).failures.map(({ code }) => code)).toEqual(["node-timeout"]);
    await lost;
  });
});
