// The stand on which hostile guests are tried: a sandbox of its own, an honest neighbour, and a look around afterwards.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import type { FailureCode, NodeFailure } from "../../agent/node/failure.ts";
import type { Frame, Payload } from "../../agent/node/frame.ts";
import type { Outcome } from "../../agent/node/runner.ts";
import { SandboxPool } from "../../agent/sandbox/sandbox-pool.ts";
import type { GuestLog, StageRunner } from "../../agent/sandbox/stage-runner.ts";
import type { ChildSpawner } from "../../platform/contract/process.ts";
import { createChildSpawner } from "../../platform/process/spawn-child.ts";
import { buildReferenceGuest } from "../conformance/reference-guest.ts";
import { chainRunner, checkoutCommand, prepareHere, type TestNode } from "../support/sandbox.ts";

export interface HostileOptions extends Omit<Partial<TestNode>, "preparation"> {
  readonly entry?: "direct" | "glue";
  readonly onLog?: (line: GuestLog) => void;
}

export interface Stand {
  /** Children are counted, and must be gone at the end. */
  readonly spawner: ChildSpawner;
  /** Children that were started so far. */
  readonly pids: readonly number[];
  /** A stage of that guest alone, not opened. Closed at the end. */
  make(guest: Uint8Array, options?: HostileOptions): Promise<StageRunner>;
  /** The same, opened. */
  open(guest: Uint8Array, options?: HostileOptions): Promise<StageRunner>;
  /** A stage of nodes one after the other, not opened. Closed at the end. */
  chain(nodes: readonly TestNode[]): StageRunner;
  /** Shows that a stage beside the hostile one still works. */
  expectNeighbourUnharmed(): Promise<void>;
}

/** For the tests of one file. After the last one it looks for children that still run and files that were left. */
export function openStand(): Stand {
  const folder = mkdtempSync(join(tmpdir(), "hostile-"));
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  const pids: number[] = [];
  const real = createChildSpawner(checkoutCommand);
  const spawner: ChildSpawner = {
    spawn(options) {
      const child = real.spawn(options);
      pids.push(child.pid);
      return child;
    },
  };
  const pool = new SandboxPool({ spawner, spares: 1 });
  const runners: StageRunner[] = [];
  let neighbour: StageRunner;
  const chain = (nodes: readonly TestNode[], onLog?: (line: GuestLog) => void) => {
    const runner = chainRunner(pool, nodes, onLog);
    runners.push(runner);
    return runner;
  };
  const make = async (guest: Uint8Array, { entry, onLog, ...node }: HostileOptions = {}) => {
    const preparation = await prepareHere(guest, entry);
    if (entry !== undefined) expect(preparation.module.kind).toBe(entry);
    return chain([{ ...node, preparation }], onLog);
  };
  const open = async (guest: Uint8Array, options?: HostileOptions) => {
    const runner = await make(guest, options);
    await runner.open();
    return runner;
  };

  beforeAll(async () => {
    neighbour = await open(await buildReferenceGuest("echo"), { id: "neighbour" });
  });
  afterAll(async () => {
    for (const runner of runners) await runner.close();
    await pool.close();
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true, force: true });
    expect({ left, running: pids.filter(isRunning) }).toEqual({ left: [], running: [] });
  });

  let sent = 0;
  const expectNeighbourUnharmed = async () => {
    const input = frameOf([1, 2, 3], ++sent);
    const { emissions, failures } = await neighbour.process(input);
    expect(failures).toEqual([]);
    expect(emissions.map(({ frame }) => [frame.pts, ...frame.data])).toEqual([[sent, 1, 2, 3]]);
    expect(neighbour.metrics().get("neighbour")!.restarts).toBe(0);
  };
  return { spawner, pids, make, open, chain, expectNeighbourUnharmed };
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

export function frameOf(
  data: readonly number[] | Uint8Array,
  pts = 0,
  payload: Payload = { kind: "bytes" },
): Frame {
  return { port: "in", pts, payload, data: Uint8Array.from(data) };
}

/** The one failure of a call, which gave no frame. */
export function onlyFailure(outcome: Outcome): NodeFailure {
  expect(outcome.emissions).toEqual([]);
  expect(outcome.failures).toHaveLength(1);
  return outcome.failures[0]!;
}

/** Sends an attack and then an honest frame, on both of which the neighbour must work on. Gives the attack's failure. */
export async function attack(
  stand: Stand,
  runner: StageRunner,
  data: readonly number[] | Uint8Array,
  code: FailureCode,
): Promise<NodeFailure> {
  const calls = [runner.process(frameOf(data, 40)), runner.process(frameOf([0, 7], 80))];
  await stand.expectNeighbourUnharmed();
  const [attacked, next] = await Promise.all(calls);
  const failure = onlyFailure(attacked!);
  expect(failure).toMatchObject({ code, framePts: 40, consecutive: 1 });
  expectEcho(next!, [0, 7]);
  await stand.expectNeighbourUnharmed();
  return failure;
}

export function expectEcho(outcome: Outcome, data: readonly number[]): void {
  expect(outcome.failures).toEqual([]);
  expect(outcome.emissions.map(({ frame }) => [...frame.data])).toEqual([data]);
}
