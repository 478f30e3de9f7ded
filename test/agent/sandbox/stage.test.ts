// The stage inside of a child, over fake guests: what surrounds every call into guest code.
import { describe, expect, it } from "vitest";
import type { Frame } from "../../../agent/node/frame.ts";
import { defaultLimits, type NodeLimits } from "../../../agent/node/limits.ts";
import { type Guest, unlimitedFuel } from "../../../agent/sandbox/child/guest.ts";
import { Stage } from "../../../agent/sandbox/child/stage.ts";
import { control, layoutOf, sharedBytesFor } from "../../../agent/sandbox/shared-layout.ts";
import { MetricsTotal } from "../../../agent/sandbox/stage-metrics.ts";
import type { StageNode } from "../../../agent/sandbox/stage-spec.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { ChildHost } from "../../../platform/contract/process.ts";

const shared = () => new ArrayBuffer(sharedBytesFor() - 2 * 65 * 1024 * 1024);
const frame = (pts: number, port = "in"): Frame => ({
  port,
  pts,
  payload: { kind: "bytes" },
  data: new Uint8Array([pts]),
});

interface FakeNode {
  readonly limits?: Partial<NodeLimits>;
  readonly keepAfterBadInput?: boolean;
  /** What an instance does; the default echoes. */
  readonly guest?: Partial<Guest>;
}

/** A chain of fake nodes, and a protocol of what happened, in order. */
function makeStage(nodes: readonly FakeNode[]) {
  const events: string[] = [];
  const layout = layoutOf(shared());
  const now = () => Atomics.load(layout.control, control.currentNode);
  const host = {
    armTimer: (ms: number) => void events.push(`arm ${ms}`),
    disarmTimer: () => void events.push("disarm"),
  } as unknown as ChildHost;
  const specs = nodes.map((node, index): StageNode => {
    const isLast = index === nodes.length - 1;
    const kinds = ["bytes"] as const;
    return {
      id: `n${index}`,
      type: "Fake",
      params: "{}",
      inputs: [{ name: "in", kinds }],
      outputs: [{ name: "out", kinds }],
      routes: [{ inside: isLast ? [] : [{ node: index + 1, port: "in" }], outside: isLast }],
      limits: { ...defaultLimits, ...node.limits },
      keepAfterBadInput: node.keepAfterBadInput ?? false,
      module: index,
    };
  });
  const create = (index: number): Guest => {
    events.push(`create ${now()}`);
    return {
      open: () => void events.push(`open ${now()}`),
      process: (input) => {
        events.push(`process ${now()}`);
        return [{ ...input, port: "out" }];
      },
      flush: () => [],
      release: () => void events.push(`release ${now()}`),
      refuel: () => {},
      fuelLeft: () => unlimitedFuel,
      memoryBytes: () => 65_536,
      ...nodes[index]!.guest,
    };
  };
  const stage = new Stage({ nodes: specs, modules: [] }, host, layout, create, {
    emission: (node, _port, { pts }) => void events.push(`emit ${node} ${pts}`),
    failure: (node, code, _message, pts, consecutive) =>
      void events.push(`fail ${node} ${code} ${pts} ${consecutive}`),
  });
  const metrics = (index: number) => new MetricsTotal().read(layout.metrics[index]!);
  return { stage, events, layout, metrics, now };
}

describe("a stage", () => {
  it("arms the timer around every call into a guest, and tells whose turn it is", () => {
    const { stage, events, layout, now } = makeStage([{ limits: { maxExecutionMs: 250 } }]);
    expect(stage.open()).toBe(true);
    // Instantiating is mostly the engine's work, and gets a second.
    expect(events.splice(0)).toEqual(["arm 1000", "create 0", "disarm", "arm 250", "open 0", "disarm"]);
    stage.process(frame(5));
    expect(events).toEqual(["arm 250", "process 0", "disarm", "emit 0 5", "arm 250", "release 0", "disarm"]);
    expect(now()).toBe(-1);
    expect(Atomics.load(layout.control, control.progress)).toBe(8);
  });

  it("disarms it after a trap, too, and makes a fresh instance", () => {
    const process = () => {
      throw new WebAssembly.RuntimeError("Unreachable code should not be executed");
    };
    const { stage, events, now, metrics } = makeStage([
      { limits: { maxExecutionMs: 250 }, guest: { process } },
    ]);
    stage.open();
    events.length = 0;
    stage.process(frame(5));
    expect(events).toEqual([
      "arm 250",
      "disarm",
      "fail 0 node-trap 5 1",
      "arm 1000",
      "create 0",
      "disarm",
      "arm 250",
      "open 0",
      "disarm",
    ]);
    expect(now()).toBe(-1);
    expect(metrics(0)).toMatchObject({ framesIn: 1, framesOut: 0, restarts: 1, memoryPeakBytes: 65_536 });
  });

  it("lets a guest free its result only after the next node is done with it", () => {
    const { stage, events } = makeStage([{}, {}]);
    stage.open();
    events.length = 0;
    stage.process(frame(5));
    const turns = events.filter((event) => !/arm/.test(event));
    expect(turns).toEqual(["process 0", "process 1", "emit 1 5", "release 1", "release 0"]);
  });

  it("gives each call its budget, and counts what was burnt", () => {
    let left = 0n;
    const refuels: bigint[] = [];
    const guest: Partial<Guest> = {
      refuel: (units) => {
        refuels.push(units);
        left = units;
      },
      process: () => {
        left -= 300n;
        return [];
      },
      fuelLeft: () => left,
    };
    const { stage, metrics } = makeStage([{ limits: { maxFuel: 1000n }, guest }]);
    stage.open();
    for (let pts = 0; pts < 3; pts++) stage.process(frame(pts));
    expect(refuels).toEqual([1000n, 1000n, 1000n, 1000n]);
    expect(metrics(0).fuel).toBe(900n);
  });

  it("calls an empty tank what it is, whatever the engine threw", () => {
    const guest: Partial<Guest> = {
      process: () => {
        throw new WebAssembly.RuntimeError("Unreachable code should not be executed");
      },
      fuelLeft: () => -1n,
    };
    const { stage, events, metrics } = makeStage([{ limits: { maxFuel: 1000n }, guest }]);
    stage.open();
    stage.process(frame(5));
    expect(events).toContain("fail 0 node-fuel-exhausted 5 1");
    expect(metrics(0).fuel).toBe(1000n);
  });

  it.each([
    ["node-bad-input", true, 0],
    ["node-bad-input", false, 1],
    ["node-fatal", true, 1],
  ] as const)("after %s with keepAfterBadInput %s restarts %i times", (code, keepAfterBadInput, restarts) => {
    const process = () => {
      throw new RemoteMediaError(code, "no");
    };
    const { stage, metrics } = makeStage([{ keepAfterBadInput, guest: { process } }]);
    stage.open();
    stage.process(frame(5));
    expect(metrics(0).restarts).toBe(restarts);
  });

  it("counts failures in a row until a call has wholly succeeded, its freeing included", () => {
    let isBroken = true;
    const release = () => {
      if (isBroken) throw new WebAssembly.RuntimeError("Division by zero");
    };
    const { stage, events } = makeStage([{ guest: { release } }]);
    stage.open();
    stage.process(frame(1));
    stage.process(frame(2));
    isBroken = false;
    stage.process(frame(3));
    isBroken = true;
    stage.process(frame(4));
    const told = events.filter((event) => /^(fail|emit)/.test(event));
    expect(told).toEqual([
      "emit 0 1",
      "fail 0 node-trap 1 1",
      "emit 0 2",
      "fail 0 node-trap 2 2",
      "emit 0 3",
      "emit 0 4",
      "fail 0 node-trap 4 1",
    ]);
  });

  it("tries again with each frame when a node doesn't open", () => {
    const open = () => {
      throw new RemoteMediaError("node-invalid-params", "no");
    };
    const { stage, events } = makeStage([{ guest: { open } }]);
    expect(stage.open()).toBe(false);
    stage.process(frame(5));
    expect(events.filter((event) => event.startsWith("fail"))).toEqual([
      "fail 0 node-invalid-params undefined 1",
      "fail 0 node-invalid-params 5 2",
    ]);
  });

  it("flushes in the order of the chain, and passes on what comes of it", () => {
    const held: Partial<Guest> = { flush: () => [frame(9, "out")] };
    const { stage, events } = makeStage([{ guest: held }, { guest: held }]);
    stage.open();
    events.length = 0;
    stage.flush();
    expect(events.filter((event) => /^(process|emit)/.test(event))).toEqual([
      "process 1",
      "emit 1 9",
      "emit 1 9",
    ]);
  });
});
