// RemotePipelineNode at work: a pipeline that peers run, seen from outside as one node.
import { RemoteMediaError } from "../../platform/base/error.ts";
import { systemTimers } from "../../platform/contract/timers.ts";
import { buildCatalog } from "../manifest/catalog.ts";
import { parseManifest } from "../manifest/parse-manifest.ts";
import { resolvePipeline } from "../manifest/resolve.ts";
import type { ResolvedNode, ResolvedPipeline } from "../manifest/resolved.ts";
import { parseRemotePipeline, type RemotePipeline } from "../native/nodes/remote-pipeline.ts";
import type { Frame } from "../node/frame.ts";
import type { NodeMetrics, NodeRunner, Outcome } from "../node/runner.ts";
import type { Candidate, OffloadEvent, OffloadedStage } from "../offload/candidate.ts";
import { CircuitBreaker } from "../offload/circuit-breaker.ts";
import { OffloadRunner } from "../offload/offload-runner.ts";
import type { PeerSession } from "../protocol/peer-session.ts";
import { builtinDescriptors } from "./builtin-nodes.ts";
import { addressOf } from "./find-places.ts";
import type { MemberUse } from "./member-use.ts";

/** The pipeline within, and where its one way in and its ways out are. */
export interface InnerPipeline {
  readonly params: RemotePipeline;
  readonly manifest: string;
  readonly resolved: ResolvedPipeline;
  readonly entry: { readonly node: string; readonly port: string };
  /** `node.port`. */
  readonly exits: readonly string[];
}

/** Reads the node's params and resolves what they bring along. Pure.
 * @throws RemoteMediaError `node-invalid-params`, and what resolving a manifest throws */
export function readInnerPipeline({ id, params: given }: ResolvedNode): InnerPipeline {
  const params = parseRemotePipeline(given, id);
  const refuse = (why: string, hint: string) =>
    new RemoteMediaError("node-invalid-params", `node "${id}": ${why}`, { where: { node: id }, hint });
  if (params.source.kind === "name") {
    throw refuse(
      `a pipeline can't be asked for by its name ("${params.source.name}") by this version`,
      "give the pipeline itself as `manifest`",
    );
  }
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
  const exits = resolved.openOutputs.map(({ node, port }) => `${node}.${port}`);
  return { params, manifest, resolved, entry: { node: entry.node, port: entry.port }, exits };
}

/** Every endpoint is a candidate; the breaker's and retry's numbers are the node's. */
export function makeRemotePipelineRunner(
  node: ResolvedNode,
  member: MemberUse,
  onEvent: (event: OffloadEvent) => void,
): NodeRunner {
  const inner = readInnerPipeline(node);
  const { params, resolved } = inner;
  const timers = systemTimers;
  const stage: OffloadedStage = {
    nodes: resolved.nodes.map(({ id, type, policy }) => ({ id, type, action: policy.action })),
    root: inner.entry.node,
    manifest: inner.manifest,
    wanted: inner.exits,
    stateful: resolved.nodes.some(({ descriptor }) => descriptor.stateful),
    deadlineMs: params.timeoutMs,
    path: [member.identity.device],
    maxCallMs: resolved.nodes.reduce((sum, { limits }) => sum + limits.maxExecutionMs, 0),
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
  return new OuterRunner(node, inner, runner);
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

/** Gives the pipeline's inner names their outer ones. */
class OuterRunner implements NodeRunner {
  readonly #node: ResolvedNode;
  readonly #inner: InnerPipeline;
  readonly #runner: NodeRunner;
  #framesIn = 0;
  #framesOut = 0;

  constructor(node: ResolvedNode, inner: InnerPipeline, runner: NodeRunner) {
    this.#node = node;
    this.#inner = inner;
    this.#runner = runner;
  }

  get window(): number {
    return this.#runner.window;
  }

  open(): Promise<void> {
    return this.#runner.open();
  }

  async process(frame: Frame): Promise<Outcome> {
    this.#framesIn += 1;
    return this.#rename(await this.#runner.process({ ...frame, port: this.#inner.entry.port }));
  }

  async flush(): Promise<Outcome> {
    return this.#rename(await this.#runner.flush());
  }

  close(): Promise<void> {
    return this.#runner.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  metrics(): ReadonlyMap<string, NodeMetrics> {
    const inner = this.#runner.metrics();
    const root = inner.get(this.#inner.entry.node);
    if (root === undefined) return new Map();
    return new Map([[this.#node.id, { ...root, framesIn: this.#framesIn, framesOut: this.#framesOut }]]);
  }

  #rename({ emissions, failures }: Outcome): Outcome {
    const { id, type } = this.#node;
    this.#framesOut += emissions.length;
    return {
      emissions: emissions.map(({ frame }) => ({ node: id, frame: { ...frame, port: "out" } })),
      failures: failures.map((failure) => ({
        ...failure,
        node: id,
        nodeType: type,
        message: `${failure.node}: ${failure.message}`,
      })),
    };
  }
}
