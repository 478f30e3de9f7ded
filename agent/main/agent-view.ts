// The agent's documents: what it says of itself on its control socket.
import { isIP } from "node:net";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { OffloadStatus } from "../offload/offload-status.ts";
import type { StageServer } from "../offload/stage-server.ts";
import type { Stage } from "../placement/plan.ts";
import type { PeersDocument, PipelineStatus, StatusDocument, TopDocument } from "../web/control-documents.ts";
import type { AgentPipelineRun, AgentPipelines } from "./agent-pipelines.ts";
import type { MeshState } from "./mesh-state.ts";
import type { Member } from "./open-member.ts";

export interface AgentFacts {
  readonly settings: AgentConfig;
  readonly state: MeshState;
  readonly member: Member | undefined;
  readonly server: StageServer;
  readonly pipelines: AgentPipelines;
  readonly version: string;
}

export function describeStatus({
  settings,
  state,
  member,
  server,
  pipelines,
  version,
  started,
  isDraining,
  name,
}: AgentFacts & {
  readonly started: Date;
  readonly isDraining: boolean;
  readonly name: string;
}): StatusDocument {
  const { listen, discovery } = settings;
  const port = member?.sockets.port;
  return {
    v: 1,
    state: isDraining ? "draining" : "running",
    version,
    pid: process.pid,
    started: started.toISOString(),
    uptime_s: (Date.now() - started.getTime()) / 1000,
    device: state.identity.device,
    name: member?.joined.membership.name ?? name,
    memberships: state.memberships.map(({ meshName, mesh, membership }) => ({
      mesh: meshName,
      name: membership.name,
      roles: [...membership.roles],
      expires: new Date(membership.expires).toISOString(),
      active: mesh === member?.joined.mesh,
    })),
    listen: listen === false || port === undefined ? null : { host: listen.host, port },
    mdns: discovery && port !== undefined,
    broker: describeBroker(settings, member),
    sessions: member?.mesh.peers().filter(({ state: session }) => session === "open").length ?? 0,
    hosted: server.hosted().map(({ stage, caller, callerName, nodes, frames }) => ({
      stage,
      caller,
      caller_name: callerName,
      nodes: [...nodes],
      frames,
    })),
    pipelines: pipelines.all.map(describePipeline),
    counters: { ...member?.mesh.counters() },
  };
}

function describeBroker({ broker }: AgentConfig, member: Member | undefined): StatusDocument["broker"] {
  if (broker === undefined || member?.broker === undefined) return null;
  const { isConnected, problem } = member.broker;
  const url = broker.url.replace(/\/\/[^@/]*@/, "//");
  return { url, connected: isConnected, error: isConnected ? null : (problem?.message ?? null) };
}

function describePipeline(run: AgentPipelineRun): PipelineStatus {
  const { name, settings, state, since, restarts, error, retryMs, placed } = run;
  return {
    name,
    path: settings.path,
    state,
    since: since.toISOString(),
    restarts,
    error: error === undefined ? null : { code: error.code, message: error.message },
    retry_ms: retryMs ?? null,
    nodes: [...(placed?.placement.decisions.values() ?? [])].map(({ node, place, considered }) => ({
      node,
      place,
      considered: considered.slice(0, 256).map((one) => ({
        place: one.place,
        name: one.name,
        verdict: one.verdict,
        score: one.score?.ms ?? null,
        reasons: one.reasons.slice(0, 64),
      })),
    })),
  };
}

export function describePeers(member: Member | undefined): PeersDocument {
  if (member === undefined) return { v: 1, mesh: null, peers: [] };
  return {
    v: 1,
    mesh: member.joined.meshName,
    peers: member.mesh
      .peers()
      .slice(0, 1024)
      .map(({ device, name, roles, via, state, session, clockOffsetMs }) => ({
        device,
        name,
        roles: [...roles],
        via: via.map((way) => (isIP(way) === 0 ? way : `came from ${way}`)).slice(0, 16),
        session: state,
        barred: null,
        rtt_ms: session?.rttMs ?? null,
        load:
          session?.load === undefined
            ? null
            : {
                cpu: session.load.cpu,
                memory: session.load.memory,
                sessions: session.load.sessions,
                queue_ms: session.load.queueMs,
              },
        can: session === undefined ? [] : describeAbilities(session.statement),
        clock_offset_ms: clockOffsetMs ?? null,
      })),
  };
}

function describeAbilities({ cpu, memory_gb, gpu, frameworks }: CapabilityStatement): string[] {
  return [
    `${cpu.cores} cores ${cpu.arch}`,
    `${memory_gb} GiB`,
    ...gpu
      .filter(({ type }) => type !== "none")
      .map(({ type, memory_gb: own }) => `${type} ${own ?? "?"} GiB`),
    ...Object.entries(frameworks).map(([name, version]) => `${name} ${version}`),
  ].slice(0, 64);
}

export function describeTop({ member, server, pipelines }: AgentFacts): TopDocument {
  return {
    v: 1,
    time: new Date().toISOString(),
    pipelines: pipelines.all
      .filter(({ state }) => state === "running" || state === "draining")
      .map(({ name, progress, placed }) => ({
        name,
        frames_in: progress?.framesIn ?? 0,
        frames_out: progress?.framesOut ?? 0,
        nodes: (placed?.status() ?? []).flatMap(describeNodes),
        hops: (placed?.status() ?? []).flatMap(({ status }) => describeHops(status, member)),
      })),
    hosted: server.hosted().map(({ stage, callerName, nodes, framesPerSecond, p50, p95, queue }) => ({
      stage,
      caller_name: callerName,
      nodes: [...nodes],
      frames_per_s: framesPerSecond,
      p50_ms: p50,
      p95_ms: p95,
      queue,
    })),
  };
}

function describeNodes({ stage, status }: { readonly stage: Stage; readonly status: OffloadStatus }) {
  const open = status.candidates.filter(({ state }) => state === "open" || state === "suspect");
  const busiest = open.toSorted((one, other) => other.inFlight - one.inFlight)[0];
  return stage.nodes.map(({ id, type }) => ({
    node: id,
    type,
    placed_on: open.map(({ name }) => name).join(", "),
    frames_per_s: 0,
    p50_ms: inMs(busiest?.latencyUs?.p50),
    p95_ms: inMs(busiest?.latencyUs?.p95),
    queue: status.waiting,
    errors: 0,
  }));
}

function describeHops({ candidates }: OffloadStatus, member: Member | undefined) {
  const from = member?.joined.membership.name ?? "local";
  return candidates
    .filter(({ kind, hops }) => kind === "peer" && hops.wireUs !== undefined)
    .map(({ name, hops }) => ({ from, to: name, p50_ms: inMs(hops.wireUs), p95_ms: null }));
}

function inMs(us: number | undefined): number | null {
  return us === undefined ? null : us / 1000;
}
