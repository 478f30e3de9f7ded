// Tells the mesh how busy this machine is, twice a second where it changes, and what it can do when that has changed.
import { cpus, freemem, totalmem } from "node:os";
import type { Timers } from "../../platform/contract/timers.ts";
import type { CapabilityStatement } from "../capability/statement.ts";
import { paceStatement } from "../capability/statement-change.ts";
import type { Mesh } from "../mesh/open-mesh.ts";
import type { StageServer } from "../offload/stage-server.ts";
import type { Load } from "../protocol/control-message.ts";

export interface LoadNews {
  /** Looks at the machine anew. */
  readonly look: () => Promise<CapabilityStatement>;
  readonly server: StageServer;
  readonly mesh: Mesh;
  readonly timers: Timers;
}

const loadMs = 500;
const lookMs = 30_000;

/** Until the function given is called. */
export function tellLoad({ look, server, mesh, timers }: LoadNews): () => void {
  let processor = readProcessor();
  let said: Load | undefined;
  let told: { readonly statement: CapabilityStatement; readonly atMs: number } | undefined;
  const measure = (): Load => {
    const now = readProcessor();
    const total = now.total - processor.total;
    const cpu = total <= 0 ? 0 : 1 - (now.idle - processor.idle) / total;
    processor = now;
    return {
      type: "load",
      cpu: round(Math.max(0, Math.min(1, cpu))),
      memory: round(1 - freemem() / totalmem()),
      sessions: server.openStages,
      queueMs: Math.round(server.queueMs),
    };
  };
  const restate = async (): Promise<void> => {
    const statement = await look();
    const nowMs = timers.monotonicMs();
    if (paceStatement(told, statement, nowMs).tell !== "now") return;
    told = { statement, atMs: nowMs };
    mesh.tellStatement(statement);
  };
  const stopLoad = every(timers, loadMs, () => {
    const load = measure();
    if (said !== undefined && isLike(said, load)) return;
    said = load;
    mesh.tellLoad(load);
  });
  const stopLook = every(timers, lookMs, () => {
    restate().catch(() => {});
  });
  mesh.onSession(() => {
    // Who is new hasn't heard the last one.
    said = undefined;
  });
  return () => {
    stopLoad();
    stopLook();
  };
}

function every(timers: Timers, ms: number, act: () => void): () => void {
  let cancel = () => {};
  const turn = () => {
    cancel = timers.after(ms, () => {
      act();
      turn();
    });
  };
  turn();
  return () => cancel();
}

/** In ms since the start, of all processors. */
function readProcessor(): { readonly idle: number; readonly total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total };
}

function isLike(one: Load, other: Load): boolean {
  return (
    one.sessions === other.sessions &&
    Math.abs(one.cpu - other.cpu) < 0.1 &&
    Math.abs(one.memory - other.memory) < 0.05 &&
    Math.abs(one.queueMs - other.queueMs) < 10
  );
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}
