// The NodeRunner suite: what every implementation owes the executor, whoever runs the node.
import { afterEach, describe, expect, it } from "vitest";
import { defaultErrorPolicy, type ErrorPolicy } from "../../agent/node/failure.ts";
import {
  elementTypes,
  type Frame,
  type Payload,
  pixelFormats,
  sampleFormats,
} from "../../agent/node/frame.ts";
import type { NodeRunner, Outcome } from "../../agent/node/runner.ts";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { ReferenceBehaviour, ReferenceParams } from "./reference-node.ts";

/** Makes a runner of one reference node, not opened yet. `params` is JSON text. The node's id is `node`, its type the
 * behaviour's name. */
export type MakeRunner = (
  behaviour: ReferenceBehaviour,
  params: string,
  policy: ErrorPolicy,
) => Promise<NodeRunner>;

/** One frame of every payload kind and enum value, its bytes being what the payload says they are. */
const payloads: readonly (readonly [Payload, bytes: number])[] = [
  [{ kind: "bytes" }, 5],
  [{ kind: "text" }, 5],
  [{ kind: "json" }, 5],
  ...sampleFormats.map((format) => [{ kind: "audio", rate: 48_000, channels: 3, format }, 24] as const),
  [{ kind: "audio", rate: 1_536_000, channels: 256, format: "s16le" }, 512],
  ...([18, 54, 72, 18 + 2 * 3 * 2, 18 + 2 * 3 * 2] as const).map(
    (bytes, i) => [{ kind: "video", width: 6, height: 3, format: pixelFormats[i]! }, bytes] as const,
  ),
  ...([1, 1, 2, 2, 4, 8, 4, 8] as const).map(
    (bytes, i) => [{ kind: "tensor", element: elementTypes[i]!, shape: [1, 3, 2] }, 6 * bytes] as const,
  ),
  [{ kind: "tensor", element: "uint8", shape: [] }, 1],
  [{ kind: "tensor", element: "float32", shape: [4_294_967_295, 0] }, 0],
  [{ kind: "encoded", codec: "h264" }, 5],
  [{ kind: "encoded", codec: "" }, 5],
  [{ kind: "encoded", codec: "é—𝄞" }, 5],
];

const failureCodes = { trap: "node-trap", "bad-input": "node-bad-input", fatal: "node-fatal" } as const;

/** Runs the suite on one implementation. */
export function describeNodeRunner(name: string, makeRunner: MakeRunner): void {
  describe(`${name} is a NodeRunner that`, () => {
    const opened: NodeRunner[] = [];
    const open = async (
      behaviour: ReferenceBehaviour,
      params: ReferenceParams = {},
      policy: Partial<ErrorPolicy> = {},
    ) => {
      const runner = await makeRunner(behaviour, JSON.stringify(params), {
        ...defaultErrorPolicy,
        ...policy,
      });
      opened.push(runner);
      await runner.open();
      return runner;
    };

    afterEach(async () => {
      for (const runner of opened.splice(0)) await runner.close();
    });

    describePassing(open);
    describeFailing(open);
    describeEnding(open, makeRunner);
  });
}

type Open = (
  behaviour: ReferenceBehaviour,
  params?: ReferenceParams,
  policy?: Partial<ErrorPolicy>,
) => Promise<NodeRunner>;

function describePassing(open: Open): void {
  for (const [payload, bytes] of payloads) {
    it(`passes a frame through unchanged: ${JSON.stringify(payload)}`, async () => {
      const runner = await open("echo");
      const data = Uint8Array.from({ length: bytes }, (_, i) => (i * 37) & 127);
      const input = { port: "in", pts: 20_000, payload, data };
      expect(emitted(await runner.process(input))).toEqual([{ ...input, port: "out" }]);
    });
  }

  it.each([0, -1, -9_007_199_254_740_991, 9_007_199_254_740_991])("keeps the pts %d", async (pts) => {
    const runner = await open("echo");
    expect(emitted(await runner.process(frame(pts, 1)))).toEqual([{ ...frame(pts, 1), port: "out" }]);
  });

  it("passes empty data through", async () => {
    const runner = await open("echo");
    const outcome = await runner.process({ ...frame(1), data: new Uint8Array(0) });
    expect(emitted(outcome).map(({ data }) => data.byteLength)).toEqual([0]);
  });

  it("passes 4 MiB through, and then a small frame", async () => {
    const runner = await open("echo");
    const large = Uint8Array.from({ length: 4 * 1024 * 1024 }, (_, i) => (i * 7 + (i >> 8)) & 255);
    const [out] = emitted(await runner.process({ ...frame(1), data: large }));
    expect(Buffer.compare(out!.data, large)).toBe(0);
    expect(emitted(await runner.process(frame(2, 5)))).toEqual([{ ...frame(2, 5), port: "out" }]);
  });

  it("takes data that is a part of a larger buffer", async () => {
    const runner = await open("echo");
    const data = new Uint8Array([9, 9, 1, 2, 3, 9]).subarray(2, 5);
    const [out] = emitted(await runner.process({ ...frame(1), data }));
    expect([...out!.data]).toEqual([1, 2, 3]);
  });

  it("leaves the input's bytes alone and gives bytes that nothing changes later", async () => {
    const runner = await open("echo");
    const input = { ...frame(1), data: new Uint8Array([1, 2, 3]) };
    const [first] = emitted(await runner.process(input));
    expect([...input.data]).toEqual([1, 2, 3]);
    input.data.fill(9);
    await runner.process({ ...frame(2), data: new Uint8Array([7, 7, 7]) });
    expect([...first!.data]).toEqual([1, 2, 3]);
  });

  it("emits a call's frames in the node's order and names the node", async () => {
    const runner = await open("expanding", { copies: 5 });
    const { emissions } = await runner.process(frame(100, 4));
    expect(emissions.map(({ node }) => node)).toEqual(Array(5).fill("node"));
    expect(emissions.map(({ frame: { pts } }) => pts)).toEqual([100, 101, 102, 103, 104]);
    expect(emissions.map(({ frame: { data } }) => [...data])).toEqual(Array(5).fill([4]));
  });

  it("may give nothing for a frame", async () => {
    const runner = await open("expanding", { copies: 0 });
    expect(await runner.process(frame(1))).toEqual({ emissions: [], failures: [] });
  });

  it("takes as many calls at once as its window says, and settles them in order", async () => {
    const runner = await open("echo");
    expect(runner.window).toBeGreaterThanOrEqual(1);
    const settled: number[] = [];
    for (let round = 0; round < 3; round++) {
      const sizes = Array.from({ length: runner.window }, (_, i) => (i % 2 === 0 ? 100_000 : 1));
      const calls = sizes.map((size, i) =>
        runner.process({ ...frame(i), data: new Uint8Array(size).fill(i) }),
      );
      const outcomes = await Promise.all(
        calls.map(async (call, i) => {
          const outcome = await call;
          settled.push(i);
          return outcome;
        }),
      );
      expect(settled.splice(0)).toEqual(sizes.map((_, i) => i));
      const outs = outcomes.flatMap(emitted);
      expect(outs.map(({ pts, data }) => [pts, data.byteLength])).toEqual(sizes.map((size, i) => [i, size]));
    }
  });
}

function describeFailing(open: Open): void {
  const feed = async (runner: NodeRunner, frames: number) => {
    const outcomes: Outcome[] = [];
    for (let i = 1; i <= frames; i++) outcomes.push(await runner.process(frame(i * 10)));
    return outcomes;
  };

  for (const how of ["trap", "bad-input", "fatal"] as const) {
    it(`reports a ${how} with its frame, and handles the next frame`, async () => {
      const runner = await open("counting", { every: 3, how });
      const outcomes = await feed(runner, 7);
      const failures = outcomes.flatMap((outcome) => outcome.failures);
      expect(failures).toMatchObject([
        { node: "node", nodeType: "counting", code: failureCodes[how], framePts: 30, consecutive: 1 },
        { node: "node", nodeType: "counting", code: failureCodes[how], framePts: 60, consecutive: 1 },
      ]);
      for (const { message } of failures) expect(message).not.toBe("");
      expect(outcomes.map(({ emissions }) => emissions.length)).toEqual([1, 1, 0, 1, 1, 0, 1]);
    });
  }

  it.each(["trap", "bad-input", "fatal"] as const)(
    "restarts with a fresh instance after a %s",
    async (how) => {
      const runner = await open("counting", { every: 3, how }, { action: "restart" });
      const outcomes = await feed(runner, 5);
      expect(outcomes.map(counted)).toEqual([1, 2, undefined, 1, 2]);
      expect(runner.metrics().get("node")!.restarts).toBe(1);
    },
  );

  it("keeps the instance after bad input when it is to skip", async () => {
    const runner = await open("counting", { every: 3, how: "bad-input" }, { action: "skip" });
    const outcomes = await feed(runner, 5);
    expect(outcomes.map(counted)).toEqual([1, 2, undefined, 4, 5]);
    expect(runner.metrics().get("node")!.restarts).toBe(0);
  });

  it.each(["trap", "fatal"] as const)("restarts after a %s even when it is to skip", async (how) => {
    const runner = await open("counting", { every: 2, how }, { action: "skip" });
    expect((await feed(runner, 3)).map(counted)).toEqual([1, undefined, 1]);
  });

  it("counts failures in a row, and starts again after a good frame", async () => {
    const always = await open("counting", { every: 1, how: "trap" });
    const inRow = (await feed(always, 4)).flatMap(({ failures }) => failures);
    expect(inRow.map(({ consecutive }) => consecutive)).toEqual([1, 2, 3, 4]);
    const sometimes = await open("counting", { every: 2, how: "bad-input" });
    const apart = (await feed(sometimes, 4)).flatMap(({ failures }) => failures);
    expect(apart.map(({ consecutive }) => consecutive)).toEqual([1, 1]);
  });

  it("settles overlapping calls in order around a failure", async () => {
    const runner = await open("counting", { every: 2, how: "trap" });
    const calls = Array.from({ length: runner.window }, (_, i) => runner.process(frame(i)));
    const outcomes = await Promise.all(calls);
    expect(outcomes.map(counted)).toEqual(calls.map((_, i) => (i % 2 === 0 ? 1 : undefined)));
  });

  it("counts frames, restarts and time per node", async () => {
    const runner = await open("counting", { every: 3, how: "trap" });
    await feed(runner, 7);
    const metrics = runner.metrics().get("node")!;
    expect(metrics).toMatchObject({ framesIn: 7, framesOut: 5, restarts: 2 });
    const { p50, p95, p99, max, total } = metrics.time;
    expect([p50, p95, p99, max]).toEqual([p50, p95, p99, max].toSorted((one, other) => one - other));
    expect(p50).toBeGreaterThanOrEqual(0);
    expect(total).toBeGreaterThanOrEqual(max);
    expect(metrics.fuel).toBeTypeOf("bigint");
    expect(metrics.memoryPeakBytes).toBeGreaterThanOrEqual(0);
    expect(metrics.placedOn).not.toBe("");
  });
}

function describeEnding(open: Open, makeRunner: MakeRunner): void {
  it("gives at flush what the node still holds, in order", async () => {
    const runner = await open("holding");
    for (let i = 0; i < 10; i++) {
      expect(await runner.process(frame(i, i))).toEqual({ emissions: [], failures: [] });
    }
    const held = Array.from({ length: 10 }, (_, i) => ({ ...frame(i, i), port: "out" }));
    expect(emitted(await runner.flush())).toEqual(held);
  });

  it("flushes a node that holds nothing, and one that never got a frame", async () => {
    const used = await open("echo");
    await used.process(frame(1));
    expect(await used.flush()).toEqual({ emissions: [], failures: [] });
    const unused = await open("holding");
    expect(await unused.flush()).toEqual({ emissions: [], failures: [] });
  });

  it("refuses params in open with node-invalid-params, and can be closed then", async () => {
    const runner = await makeRunner("rejecting", "{}", defaultErrorPolicy);
    const thrown = await runner.open().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(thrown).toBeInstanceOf(RemoteMediaError);
    expect((thrown as RemoteMediaError).code).toBe("node-invalid-params");
    await runner.close();
  });

  it("can be closed more than once, and before it was opened", async () => {
    const runner = await open("echo");
    await runner.close();
    await runner.close();
    await runner[Symbol.asyncDispose]();
    const unopened = await makeRunner("echo", "{}", defaultErrorPolicy);
    await unopened.close();
  });

  it("leaves no call hanging when it is closed, and rejects those that have no outcome", async () => {
    const runner = await open("echo");
    const calls = Array.from({ length: runner.window }, (_, i) =>
      runner.process({ ...frame(i), data: new Uint8Array(1024 * 1024) }),
    );
    const settling = Promise.allSettled(calls);
    await runner.close();
    for (const result of await settling) {
      if (result.status === "rejected") expect(result.reason).toBeInstanceOf(RemoteMediaError);
      else expect(emitted(result.value)).toHaveLength(1);
    }
  });

  it("rejects calls after it was closed, and still tells its metrics", async () => {
    const runner = await open("echo");
    await runner.process(frame(1));
    await runner.close();
    await expect(runner.process(frame(2))).rejects.toBeInstanceOf(RemoteMediaError);
    expect(runner.metrics().get("node")).toMatchObject({ framesIn: 1, framesOut: 1 });
  });
}

function frame(pts: number, byte = 0): Frame {
  return { port: "in", pts, payload: { kind: "bytes" }, data: new Uint8Array([byte]) };
}

/** The frames of an outcome, with plain `Uint8Array`s, whatever class the runner's are. */
function emitted(outcome: Outcome): Frame[] {
  return outcome.emissions.map(({ frame: out }) => ({
    ...out,
    data: new Uint8Array(out.data.buffer, out.data.byteOffset, out.data.byteLength),
  }));
}

/** The number that a `counting` node emitted. */
function counted({ emissions }: Outcome): number | undefined {
  const data = emissions[0]?.frame.data;
  return data && new DataView(data.buffer, data.byteOffset).getUint32(0, true);
}
