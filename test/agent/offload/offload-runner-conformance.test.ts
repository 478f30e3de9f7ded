// The NodeRunner suite on a stage that runs at a peer, at this machine as a candidate, and at two peers.
import { describe } from "vitest";
import type { OffloadedStage } from "../../../agent/offload/candidate.ts";
import { OffloadRunner } from "../../../agent/offload/offload-runner.ts";
import { systemTimers } from "../../../platform/contract/timers.ts";
import { FakeRunner } from "../../conformance/fake-runner.ts";
import { describeNodeRunner, type MakeRunner } from "../../conformance/node-runner.ts";
import { createReferenceNode } from "../../conformance/reference-node.ts";
import { ModelPeer } from "./model-peer.ts";

const makeWith =
  (kind: "peer" | "local"): MakeRunner =>
  async (behaviour, params, policy) => {
    const makeRunner = () =>
      new FakeRunner({
        id: "node",
        type: behaviour,
        policy,
        window: 4,
        create: () => createReferenceNode(behaviour, JSON.parse(params)),
      });
    const peer = new ModelPeer({ device: "peer-1", timers: systemTimers, delayMs: () => 0, makeRunner });
    const stage: OffloadedStage = {
      nodes: [{ id: "node", type: behaviour, action: policy.action }],
      root: "node",
      manifest: "{}",
      wanted: ["node.out"],
      stateful: behaviour === "counting" || behaviour === "holding",
      deadlineMs: 0,
      path: ["caller"],
      maxCallMs: 5000,
    };
    const remote = {
      kind: "peer",
      place: "peer-1",
      name: "a peer",
      session: () => peer.connect(),
      score: 1,
    } as const;
    const local = {
      kind: "local",
      place: "local",
      name: "this machine",
      open: makeRunner,
      score: 1,
    } as const;
    return new OffloadRunner({
      stage,
      candidates: [kind === "peer" ? remote : local],
      timers: systemTimers,
      random: Math.random,
    });
  };

describe("OffloadRunner", () => {
  describeNodeRunner("a stage at a peer", makeWith("peer"));
  describeNodeRunner("a stage with this machine as a candidate", makeWith("local"));
});
