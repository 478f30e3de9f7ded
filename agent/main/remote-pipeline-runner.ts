// RemotePipelineNode at work: a pipeline that peers run, seen from outside as one node.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { systemTimers } from "../../platform/contract/timers.ts";
import { buildCatalog } from "../manifest/catalog.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { resolvePipeline } from "../manifest/resolve.ts";
import type { PortReference, ResolvedNode } from "../manifest/resolved.ts";
import { remotePipelineType } from "../native/native-names.ts";
import { parseRemotePipeline, type RemotePipeline } from "../native/nodes/remote-pipeline.ts";
import type { NodeRunner } from "../node/runner.ts";
import type { Candidate, OffloadEvent, OffloadedStage } from "../offload/candidate.ts";
import { CircuitBreaker } from "../offload/circuit-breaker.ts";
import { OffloadRunner } from "../offload/offload-runner.ts";
import type { PeerSession } from "../protocol/peer-session.ts";
import { builtinDescriptors } from "./builtin-nodes.ts";
import { addressOf } from "./find-places.ts";
import type { MemberUse } from "./member-use.ts";
import { RenamedRunner } from "./renamed-runner.ts";

/** The pipeline within, and where its one way in and its ways out are. */
export interface InnerPipeline {
  readonly params: RemotePipeline;
  readonly manifest: string;
  readonly nodes: OffloadedStage["nodes"];
  readonly stateful: boolean;
  readonly maxCallMs: number;
  readonly entry: PortReference;
  /** `node.port`. */
  readonly exits: readonly string[];
}

/** What a pipeline that the peer knows by name is called on the wire. */
const namedNode = "pipeline";

/** Reads the node's params and resolves what they bring along. Pure.
 * @throws RemoteMediaError `node-invalid-params`, and what resolving a manifest throws */
export function readInnerPipeline({ id, params: given }: ResolvedNode): InnerPipeline {
  const params = parseRemotePipeline(given, id);
  const refuse = (why: string, hint: string) =>
    new RemoteMediaError("node-invalid-params", `node "${id}": ${why}`, { where: { node: id }, hint });
  if (params.source.kind === "name") return namedPipeline(params, params.source.name);
  const { manifest } = params.source;
  const resolved = resolvePipeline(parseManifest(manifest), buildCatalog(builtinDescriptors()));
  const [entry, ...others] = resolved.openInputs;
  const isTree = resolved.nodes.every(
    ({ id: node }) => resolved.connections.filter(({ to }) => to.node === node).length <= 1,
  );
  if (entry === undefined || others.length > 0 || !isTree) {
    throw refuse(
      "its pipeline must be a tree with one open input",
      "each node but the first is fed by one connection",
    );
  }
  return {
    params,
    manifest,
    nodes: resolved.nodes.map(({ id: node, type, policy }) => ({ id: node, type, action: policy.action })),
    stateful: resolved.nodes.some(({ descriptor }) => descriptor.stateful),
    maxCallMs: resolved.nodes.reduce((sum, { limits }) => sum + limits.maxExecutionMs, 0),
    entry: { node: entry.node, port: entry.port },
    exits: resolved.openOutputs.map(({ node, port }) => `${node}.${port}`),
  };
}

/** A pipeline that only the peer knows: it is asked for as the one node that it looks like from here, and may remember anything. */
function namedPipeline(params: RemotePipeline, name: string): InnerPipeline {
  const node = { id: namedNode, node_type: remotePipelineType, params: { pipeline_name: name } };
  return {
    params,
    manifest: JSON.stringify({ version: "v1", metadata: { name }, nodes: [node] }),
    nodes: [{ id: namedNode, type: remotePipelineType }],
    stateful: true,
    maxCallMs: params.timeoutMs,
    entry: { node: namedNode, port: "in" },
    exits: [`${namedNode}.out`],
  };
}

/** Every endpoint is a candidate; the breaker's and retry's numbers are the node's. */
export function makeRemotePipelineRunner(
  node: ResolvedNode,
  member: MemberUse,
  onEvent: (event: OffloadEvent) => void,
): NodeRunner {
  const inner = readInnerPipeline(node);
  const { params, nodes, stateful, maxCallMs } = inner;
  const timers = systemTimers;
  const stage: OffloadedStage = {
    nodes,
    root: inner.entry.node,
    manifest: inner.manifest,
    wanted: inner.exits,
    stateful,
    deadlineMs: params.timeoutMs,
    path: [member.identity.device],
    maxCallMs,
  };
  const breakers = new Map(
    params.endpoints.map((endpoint) => [
      endpoint,
      new CircuitBreaker({
        clock: timers,
        random: Math.random,
        failures: params.breaker.failureThreshold,
        pauseMs: Math.max(1, params.retry.backoffMs),
        longestPauseMs: params.breaker.resetTimeoutMs,
      }),
    ]),
  );
  const candidates = params.endpoints.map(
    (endpoint): Candidate => ({
      kind: "peer",
      place: endpoint,
      name: endpoint,
      session: () => reach(endpoint, member),
      score: 0,
    }),
  );
  const maxDeaths = Math.max(1, params.retry.maxRetries + 1);
  const runner = new OffloadRunner({
    stage,
    candidates,
    timers,
    random: Math.random,
    onEvent,
    breakers,
    maxDeaths,
    patienceMs: params.timeoutMs,
  });
  return new RenamedRunner(node, inner.entry, runner);
}

/** By its name or id among those that are known, else at its address. */
async function reach(endpoint: string, { mesh, sockets }: MemberUse): Promise<PeerSession> {
  const known = mesh.peers().filter(({ device, name }) => device === endpoint || name === endpoint);
  const [only, ...others] = known;
  if (others.length > 0) {
    throw new RemoteMediaError("peer-unreachable", `${known.length} members are called ${endpoint}`);
  }
  if (only !== undefined) return mesh.session(only.device);
  return mesh.meet(await sockets.connect(addressOf(endpoint)));
}
