// openAgent: what an agent is made of: a member of its mesh, a server of stages for others, and the runner of its own pipelines.
import { hostname } from "node:os";
import { version } from "../../package.json";
import { RemoteMediaError, toRemoteMediaError } from "../../platform/base/error.ts";
import { systemTimers } from "../../platform/contract/timers.ts";
import { overrideStatement } from "../capability/override-statement.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { mayAct } from "../mesh/access.ts";
import { StageServer } from "../offload/stage-server.ts";
import { AgentPipelines } from "./agent-pipelines.ts";
import { describePeers, describeStatus, describeTop } from "./agent-view.ts";
import { buildMs } from "./build-time.ts";
import type { LoadedPipeline } from "./load-pipeline.ts";
import { readMemberSettings } from "./member-settings.ts";
import type { MemberUse } from "./member-use.ts";
import { loadMeshState, type MeshState } from "./mesh-state.ts";
import { offerPackages } from "./offer-packages.ts";
import { chooseMesh, type Member, openMember } from "./open-member.ts";
import { openBoard } from "./probe-board.ts";
import { Program } from "./program.ts";
import type { AgentOptions, RunningAgent } from "./running-agent.ts";
import { describeNodeLimits, unpackForPeer } from "./serve-peers.ts";
import { tellLoad } from "./tell-load.ts";

/** @throws RemoteMediaError `identity-invalid`, `output-failed`, `membership-missing` where the file names a mesh that isn't joined,
 * `config-invalid` */
export async function openAgent(options: AgentOptions): Promise<RunningAgent> {
  const { config, settings, overrides, onLog } = options;
  const state = await loadMeshState(config);
  tellTroubles(state, options);
  const closing = new AsyncDisposableStack();
  try {
    const program = closing.use(
      new Program({
        config,
        onWeakSandbox: ({ reason }) =>
          onLog({
            level: "warning",
            about: "sandbox",
            message: `no seccomp filter: ${reason ?? "unknown reason"}`,
          }),
      }),
    );
    const board = closing.use(await openBoard(config));
    let statement = await look();
    async function look(): Promise<CapabilityStatement> {
      const found = { ...(await board.look()).statement, device: state.identity.device };
      return overrideStatement(found, overrides, settings.price);
    }
    const server = closing.adopt(
      new StageServer({
        self: state.identity.device,
        host: program.openHost({
          limits: describeNodeLimits(settings.execute),
          unpack: unpackForPeer(config, settings.execute.allow_unsigned),
          findPipeline: (name) => loadNamed(program, settings, name),
          onLog: (line) => onLog({ level: "info", about: `node ${line.node}`, message: line.text }),
        }),
        timers: systemTimers,
        maxStages: settings.execute.max_stages,
        barred: () => whyBarred(settings.execute.enabled, member),
        onEvent: ({ kind, callerName, stage, error }) =>
          onLog({
            level: kind === "refused" ? "warning" : "info",
            about: `stage ${stage} of ${callerName}`,
            message: error === undefined ? kind : `${kind}: ${error.message}`,
          }),
      }),
      (open) => open.close(),
    );
    const member = await openMesh(options, state, () => statement, closing);
    const use = member && useOf(member, () => statement, closing, config);
    if (member !== undefined && use !== undefined) {
      program.useMember(use);
      member.mesh.onSession((session) => {
        server.attach(session);
        onLog({ level: "info", about: "mesh", message: `session with ${session.peer.name}` });
        session.onEnd((why) => onLog({ level: "info", about: "mesh", message: why.message }));
      });
      const stopTelling = tellLoad({
        look: async () => {
          statement = await look();
          return statement;
        },
        server,
        mesh: member.mesh,
        timers: systemTimers,
      });
      closing.defer(stopTelling);
    }
    const pipelines = closing.adopt(
      new AgentPipelines({ program, options, hasMesh: member !== undefined }),
      (all) => all.close(),
    );
    pipelines.start();
    return assemble({ options, state, member, server, pipelines, closing: closing.move() });
  } catch (thrown) {
    await closing.disposeAsync();
    throw toRemoteMediaError(thrown);
  }
}

function tellTroubles({ useless }: MeshState, { onLog }: AgentOptions): void {
  for (const { file, error } of useless) {
    onLog({ level: "warning", about: "mesh", message: `${file} is of no use`, error });
  }
  if (Date.now() < buildMs) onLog({ level: "warning", about: "clock", message: "the clock isn't set" });
}

/** An agent without a mesh runs its pipelines all the same. */
async function openMesh(
  { settings, onLog }: AgentOptions,
  { identity, memberships }: MeshState,
  statement: () => CapabilityStatement,
  closing: AsyncDisposableStack,
): Promise<Member | undefined> {
  if (memberships.length === 0 && settings.mesh === undefined) {
    onLog({
      level: "warning",
      about: "mesh",
      message: "this device belongs to no mesh: nobody can reach it",
    });
    return undefined;
  }
  const joined = chooseMesh(memberships, settings.mesh);
  const reach = await readMemberSettings(settings);
  const member = closing.use(await openMember({ ...reach, identity, joined, statement, reachesAll: true }));
  if (settings.discovery && settings.listen !== false) {
    const { discoverPeers } = await import("./discover-peers.ts");
    closing.use(await discoverPeers(member, onLog));
  }
  return member;
}

function useOf(
  { identity, mesh, sockets }: Member,
  statement: () => CapabilityStatement,
  closing: AsyncDisposableStack,
  config: AgentOptions["config"],
): MemberUse {
  const offers = closing.use(offerPackages(mesh, config));
  return { identity, mesh, sockets, statement, offer: offers.offer };
}

/** What the agent's file knows by this name, enabled or not: whoever may have nodes run here may have these. @throws RemoteMediaError `peer-unfit` */
async function loadNamed(
  program: Program,
  { pipelines }: AgentConfig,
  name: string,
): Promise<LoadedPipeline> {
  const known = Object.hasOwn(pipelines, name) ? pipelines[name] : undefined;
  if (known === undefined) throw new RemoteMediaError("peer-unfit", "it knows no pipeline of that name");
  const overrides = Object.entries(known.set).map(([param, value]) => `${param}=${JSON.stringify(value)}`);
  return program.load({ path: known.path, overrides }, { keys: [], allowUnsigned: false });
}

function whyBarred(isEnabled: boolean, member: Member | undefined): string | undefined {
  if (!isEnabled) return "it runs nothing for others";
  const roles = member?.joined.membership.roles ?? [];
  return mayAct("serve", roles) ? undefined : "its membership doesn't let it run nodes for others";
}

interface AgentParts {
  readonly options: AgentOptions;
  readonly state: MeshState;
  readonly member: Member | undefined;
  readonly server: StageServer;
  readonly pipelines: AgentPipelines;
  readonly closing: AsyncDisposableStack;
}

function assemble({ options, state, member, server, pipelines, closing }: AgentParts): RunningAgent {
  const started = new Date();
  const over = Promise.withResolvers<void>();
  let isDraining = false;
  const drain = (): void => {
    if (isDraining) return;
    isDraining = true;
    Promise.all([server.drain(), pipelines.drain()]).then(
      () => over.resolve(),
      (thrown: unknown) => over.reject(toRemoteMediaError(thrown)),
    );
  };
  over.promise.catch(() => {});
  const facts = { settings: options.settings, state, member, server, pipelines, version };
  return {
    view: {
      status: () =>
        describeStatus({ ...facts, started, isDraining, name: options.settings.name ?? hostname() }),
      peers: () => describePeers(member),
      top: () => describeTop(facts),
      drain,
    },
    drained: over.promise,
    drain,
    close: () => closing.disposeAsync(),
  };
}
