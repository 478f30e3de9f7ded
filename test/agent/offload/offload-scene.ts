// A stage with peers in memory on a virtual clock, for tests that stage one failure each.

import { expect } from "vitest";
import type { Outcome } from "../../../agent/node/runner.ts";
import type { Candidate, OffloadEvent, OffloadedStage } from "../../../agent/offload/candidate.ts";
import { OffloadRunner, type OffloadRunnerOptions } from "../../../agent/offload/offload-runner.ts";
import { FakeTimers } from "../../../platform/fake/fake-timers.ts";
import { ModelPeer } from "./model-peer.ts";
import { numberedFrame, readMark, SimulatedRunner } from "./simulated-runner.ts";

export interface SceneOptions {
  /** Of a call's work at each peer, in ms. */
  readonly serviceMs: readonly number[];
  /** This machine as a candidate, at a score. */
  readonly localScore?: number;
  readonly scores?: readonly number[];
  readonly stage?: Partial<OffloadedStage>;
  readonly runner?: Partial<OffloadRunnerOptions>;
  readonly window?: number;
}

export const simulatedStage: OffloadedStage = {
  nodes: [{ id: "node", type: "Simulated" }],
  root: "node",
  manifest: "{}",
  wanted: ["node.out"],
  stateful: false,
  deadlineMs: 0,
  path: ["caller"],
  maxCallMs: 1000,
};

export class OffloadScene {
  readonly timers = new FakeTimers();
  readonly events: OffloadEvent[] = [];
  readonly peers: readonly ModelPeer[];
  readonly candidates: readonly Candidate[];
  readonly runner: OffloadRunner;
  /** Runners that were made on this machine. */
  locals = 0;
  #next = 0;

  constructor({ serviceMs, localScore, scores = [], stage = {}, runner = {}, window = 64 }: SceneOptions) {
    const stateful = stage.stateful ?? false;
    this.peers = serviceMs.map((ms, index) => {
      const makeRunner = () => new SimulatedRunner(this.timers, () => ms, stateful);
      return new ModelPeer({ device: `peer-${index}`, timers: this.timers, makeRunner, window });
    });
    const peers = this.peers.map((peer, index): Candidate => {
      const session = () => peer.connect();
      return { kind: "peer", place: peer.device, name: peer.device, session, score: scores[index] ?? 10 };
    });
    const open = () => {
      this.locals += 1;
      return new SimulatedRunner(this.timers, () => 5, stateful);
    };
    this.candidates =
      localScore === undefined
        ? peers
        : [...peers, { kind: "local", place: "local", name: "here", open, score: localScore }];
    this.runner = new OffloadRunner({
      stage: { ...simulatedStage, ...stage },
      candidates: this.candidates,
      timers: this.timers,
      random: () => 0.5,
      onEvent: (event) => this.events.push(event),
      ...runner,
    });
  }

  /** Opens the stage; what it throws is thrown. */
  async open(): Promise<void> {
    await this.settle(this.runner.open());
  }

  /** Turns the clock until `promise` has settled, 60 s at most. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    promise.then(done, done);
    await this.timers.advanceUntil(() => isDone, 60_000);
    expect(isDone, "it settles within a minute").toBe(true);
    return promise;
  }

  /** One more frame; gives its outcome's promise. */
  send(bytes?: number): Promise<Outcome> {
    const number = this.#next;
    this.#next += 1;
    return this.runner.process(numberedFrame(number, bytes));
  }

  /** `count` more frames, all at once. */
  sendAll(count: number): Promise<Outcome[]> {
    return Promise.all(Array.from({ length: count }, () => this.send()));
  }

  kinds(): string[] {
    return this.events.map(({ kind, ...event }) => ("place" in event ? `${kind} ${event.place}` : kind));
  }
}

/** The numbers of the frames that came out, in their order. */
export function numbersOf(outcomes: readonly Outcome[]): number[] {
  return outcomes.flatMap(({ emissions }) => emissions.map(({ frame }) => readMark(frame.data).number));
}

export function failuresOf(outcomes: readonly Outcome[]) {
  return outcomes.flatMap(({ failures }) => failures);
}

export const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);
