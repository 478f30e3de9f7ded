// A simulation of an offloaded stage: peers that fail by schedule, on a virtual clock.
import fc from "fast-check";
import type { Outcome } from "../../../agent/node/runner.ts";
import type { Candidate, OffloadEvent, OffloadedStage } from "../../../agent/offload/candidate.ts";
import { OffloadRunner } from "../../../agent/offload/offload-runner.ts";
import type { StageMessage } from "../../../agent/protocol/control-message.ts";
import { RemoteMediaError } from "../../../platform/base/error.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { type Lie, ModelPeer, type ModelPeerOptions } from "./model-peer.ts";
import { numberedFrame, SimulatedRunner } from "./simulated-runner.ts";

const kinds = [
  "kill",
  "silence",
  "stall",
  "heal",
  "busy",
  "full",
  "lie",
  "slow",
  "swap",
  "only",
  "all",
] as const;

export interface Fault {
  readonly atMs: number;
  readonly peer: number;
  readonly kind: (typeof kinds)[number];
}

export interface Schedule {
  readonly peers: number;
  readonly hasLocal: boolean;
  readonly frames: number;
  /** Between two frames. */
  readonly gapMs: number;
  readonly seed: number;
  readonly faults: readonly Fault[];
}

export const anySchedule: fc.Arbitrary<Schedule> = fc.record({
  peers: fc.integer({ min: 1, max: 3 }),
  hasLocal: fc.boolean(),
  frames: fc.integer({ min: 1, max: 24 }),
  gapMs: fc.constantFrom(0, 3, 10, 40),
  seed: fc.nat(),
  faults: fc.array(fc.record({ atMs: fc.nat(400), peer: fc.nat(2), kind: fc.constantFrom(...kinds) }), {
    maxLength: 7,
  }),
});

export interface SimulationOptions {
  readonly stateful: boolean;
  /** Whether a frame may be given up: else the runner is told never to, and all peers get well in the end. */
  readonly mayFail: boolean;
  readonly deadlineMs?: number;
  /** Default: a `ModelPeer`. */
  readonly makePeer?: (options: ModelPeerOptions) => SimulatedPeer;
}

/** A peer that can be struck. */
export type SimulatedPeer = Pick<
  ModelPeer,
  "device" | "connect" | "kill" | "stall" | "heal" | "refusesCalls" | "refusesStages" | "lie"
>;

export interface Simulated {
  /** In the order in which they settled, by the frame's number. */
  readonly settled: readonly { readonly number: number; readonly outcome: Outcome }[];
  readonly flushed: Outcome | undefined;
  readonly events: readonly OffloadEvent[];
  /** Why `open` failed, where it did. */
  readonly refused: RemoteMediaError | undefined;
  readonly mostUnsettled: number;
  readonly mostTimers: number;
  /** Timers that still wait after all was closed, and peers have said their last. */
  readonly timersLeft: number;
}

/** After this much virtual time everything must have settled. */
const limitMs = 120_000;
const healMs = 600;

export async function simulate(schedule: Schedule, options: SimulationOptions): Promise<Simulated> {
  const world = new World(schedule, options);
  return world.run();
}

class World {
  readonly #timers = new FakeTimers();
  readonly #schedule: Schedule;
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #peers: SimulatedPeer[];
  readonly #slow = new Set<number>();
  readonly #events: OffloadEvent[] = [];
  readonly #settled: { number: number; outcome: Outcome }[] = [];
  readonly #runner: OffloadRunner;
  #mostUnsettled = 0;
  #mostTimers = 0;

  constructor(schedule: Schedule, options: SimulationOptions) {
    this.#schedule = schedule;
    this.#options = options;
    this.#random = randomOf(schedule.seed);
    this.#peers = Array.from({ length: schedule.peers }, (_, index) => this.#makePeer(index));
    const { stateful, mayFail, deadlineMs = 0 } = options;
    const stage: OffloadedStage = {
      nodes: [{ id: "node", type: "Simulated" }],
      root: "node",
      manifest: "{}",
      wanted: ["node.out"],
      stateful,
      deadlineMs,
      path: ["caller"],
      maxCallMs: 500,
    };
    this.#runner = new OffloadRunner({
      stage,
      candidates: this.#candidates(),
      timers: this.#timers,
      random: this.#random,
      onEvent: (event) => this.#events.push(event),
      ...(mayFail
        ? { patienceMs: 3000 }
        : { patienceMs: Number.POSITIVE_INFINITY, maxDeaths: Number.POSITIVE_INFINITY }),
    });
  }

  #makePeer(index: number): SimulatedPeer {
    const serviceMs = () => (this.#slow.has(index) ? 200 : 4 + index * 4) * (0.5 + this.#random());
    const { makePeer = (options) => new ModelPeer(options) } = this.#options;
    return makePeer({
      device: `peer-${index}`,
      timers: this.#timers,
      delayMs: () => 1 + this.#random() * 4,
      makeRunner: () => new SimulatedRunner(this.#timers, serviceMs, this.#options.stateful),
      window: 4 + index * 4,
    });
  }

  #candidates(): Candidate[] {
    const peers = this.#peers.map((peer, index): Candidate => {
      const session = () => peer.connect();
      return { kind: "peer", place: peer.device, name: peer.device, session, score: 5 + index };
    });
    const open = () => new SimulatedRunner(this.#timers, () => 5, this.#options.stateful);
    const local: Candidate = { kind: "local", place: "local", name: "here", open, score: 100 };
    return this.#schedule.hasLocal ? [...peers, local] : peers;
  }

  async run(): Promise<Simulated> {
    let refused: RemoteMediaError | undefined;
    let flushed: Outcome | undefined;
    const opening = this.#runner.open().then(
      () => true,
      (thrown: RemoteMediaError) => {
        refused = thrown;
        return false;
      },
    );
    this.#plan();
    let isDone = false;
    const all = opening.then(async (isOpen) => {
      if (isOpen) flushed = await this.#feed();
      await this.#runner.close();
      isDone = true;
    });
    if (!(await this.#timers.advanceUntil(() => isDone, limitMs)))
      throw new RemoteMediaError("internal", `it hangs: ${JSON.stringify(this.#runner.status())}`);
    await all;
    // A peer may wait for the other half of a stage for so long.
    await this.#timers.advance(15_000);
    return {
      settled: this.#settled,
      flushed,
      events: this.#events,
      refused,
      mostUnsettled: this.#mostUnsettled,
      mostTimers: this.#mostTimers,
      timersLeft: this.#timers.pending,
    };
  }

  #plan(): void {
    for (const fault of this.#schedule.faults) this.#timers.after(fault.atMs, () => this.#strike(fault));
    if (this.#options.mayFail) return;
    this.#timers.after(healMs, () => {
      this.#slow.clear();
      for (const peer of this.#peers) peer.heal();
      this.#runner.setCandidates(this.#candidates());
    });
  }

  async #feed(): Promise<Outcome> {
    const calls: Promise<void>[] = [];
    for (let number = 0; number < this.#schedule.frames; number++) {
      // Some are cut into pieces.
      const bytes = this.#random() < 0.05 ? 70_000 : 16;
      const call = this.#runner.process(numberedFrame(number, bytes));
      calls.push(
        call.then((outcome) => {
          this.#settled.push({ number, outcome });
        }),
      );
      this.#measure();
      const { gapMs } = this.#schedule;
      if (gapMs > 0) await new Promise<void>((resolve) => this.#timers.after(gapMs, resolve));
    }
    await Promise.all(calls);
    return this.#runner.flush();
  }

  #measure(): void {
    this.#mostUnsettled = Math.max(this.#mostUnsettled, this.#runner.status().unsettled);
    this.#mostTimers = Math.max(this.#mostTimers, this.#timers.pending);
  }

  #strike({ peer: index, kind }: Fault): void {
    const peer = this.#peers[index % this.#peers.length]!;
    if (kind === "kill") peer.kill();
    else if (kind === "silence") peer.kill(1000);
    else if (kind === "stall") peer.stall();
    else if (kind === "heal") peer.heal();
    else if (kind === "busy") peer.refusesCalls = true;
    else if (kind === "full") peer.refusesStages = new RemoteMediaError("peer-busy", "it is full");
    else if (kind === "lie") peer.lie = lies[Math.floor(this.#random() * lies.length)];
    else if (kind === "slow") this.#slow.add(index % this.#peers.length);
    else this.#runner.setCandidates(this.#chosen(kind, peer));
    this.#measure();
  }

  #chosen(kind: Fault["kind"], peer: SimulatedPeer): readonly Candidate[] {
    const all = this.#candidates();
    if (kind === "all") return all;
    if (kind === "only") return all.filter(({ place }) => place === peer.device);
    return all.map((candidate) => (candidate.place === peer.device ? { ...candidate, score: 1 } : candidate));
  }
}

const lies: readonly Lie[] = [
  (message) => (message.type === "ack" ? [message, message] : [message]),
  (message) => ("call" in message ? [{ ...message, call: message.call + 1 }] : [message]),
  (message) => (message.type === "frame" ? [{ ...message, port: "other" }] : [message]),
  (message) => (message.type === "frame" ? [{ ...message, node: "other" }] : [message]),
  (message) => (message.type === "ack" ? [{ ...message, failures: [foreign] }] : [message]),
  (message) => (message.type === "ack" ? [] : [message]),
  (message) => (message.type === "credit" ? [] : [message]),
];

const foreign: Extract<StageMessage, { type: "ack" }>["failures"][number] = {
  node: "elsewhere",
  nodeType: "Simulated",
  code: "node-trap",
  message: "",
  framePts: 0,
  consecutive: 1,
};

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
