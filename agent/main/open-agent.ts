// openAgent: what an agent is made of. It knows who it is and its meshes, and tells them; nothing reaches it from outside yet.
import { hostname } from "node:os";
import { version } from "../../package.json";
import { buildMs } from "./build-time.ts";
import { loadMeshState } from "./mesh-state.ts";
import type { AgentOptions, RunningAgent } from "./running-agent.ts";

/** @throws RemoteMediaError `identity-invalid`, `output-failed` */
export async function openAgent({ config, settings, onLog }: AgentOptions): Promise<RunningAgent> {
  const { identity, memberships, useless } = await loadMeshState(config);
  for (const { file, error } of useless) {
    onLog({ level: "warning", about: "mesh", message: `${file} is of no use`, error });
  }
  const started = new Date();
  if (started.getTime() < buildMs)
    onLog({ level: "warning", about: "clock", message: "the clock isn't set" });
  const over = Promise.withResolvers<void>();
  let state: "running" | "draining" = "running";
  const drain = (): void => {
    state = "draining";
    over.resolve();
  };
  return {
    view: {
      status: () => ({
        v: 1,
        state,
        version,
        pid: process.pid,
        started: started.toISOString(),
        uptime_s: (Date.now() - started.getTime()) / 1000,
        device: identity.device,
        name: settings.name ?? hostname(),
        memberships: memberships.map(({ meshName, membership }) => ({
          mesh: meshName,
          name: membership.name,
          roles: [...membership.roles],
          expires: new Date(membership.expires).toISOString(),
          active: false,
        })),
        listen: null,
        mdns: false,
        broker: null,
        sessions: 0,
        hosted: [],
        pipelines: [],
        counters: {},
      }),
      peers: () => ({ v: 1, mesh: memberships[0]?.meshName ?? null, peers: [] }),
      top: () => ({ v: 1, time: new Date().toISOString(), pipelines: [], hosted: [] }),
      drain,
    },
    drained: over.promise,
    drain,
    close: async () => {},
  };
}
