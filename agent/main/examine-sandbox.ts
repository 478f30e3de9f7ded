// Whether sandbox children start, are confined as they should be, and run a node: found out by starting one.
import { existsSync, readFileSync } from "node:fs";
import { toRemoteMediaError } from "../../platform/base/error.ts";
import { systemClock } from "../../platform/contract/clock.ts";
import type { ChildSpawner } from "../../platform/contract/process.ts";
import { openMachineCgroups } from "../../platform/process/machine-cgroups.ts";
import { createChildSpawner } from "../../platform/process/spawn-child.ts";
import type { Config } from "../config/config.ts";
import { defaultLimits } from "../node/limits.ts";
import { discard, type SandboxChild, SandboxPool, startChild } from "../sandbox/sandbox-pool.ts";
import { StageRunner } from "../sandbox/stage-runner.ts";
import { builtinModule } from "./builtin-nodes.ts";
import type { Check } from "./check.ts";
import { selfCommand } from "./self-command.ts";

const mebibyte = 2 ** 20;
const sharedBytes = 16 * mebibyte;
const addressSpaceBytes = 1024 * mebibyte;

export async function examineSandbox(config: Config): Promise<Check[]> {
  const shell: Check = existsSync("/bin/sh")
    ? { name: "shell", needed: true, status: "ok", detail: "/bin/sh sets children's limits" }
    : {
        name: "shell",
        needed: true,
        status: "missing",
        detail: "there is no /bin/sh, which sets children's limits",
        mend: "install one (busybox will do)",
      };
  const cgroups = openMachineCgroups({ configured: config.cgroup, cpuPercent: config.cpuPercent });
  const spawner = createChildSpawner(selfCommand(config.emulator), cgroups);
  const startMs = systemClock.monotonicMs();
  let sandbox: SandboxChild;
  try {
    sandbox = await startChild(spawner, "sandbox", { sharedBytes, addressSpaceBytes });
  } catch (thrown) {
    const { message } = toRemoteMediaError(thrown);
    const mend = "see whether this user may start processes and map memory (ulimit -a)";
    return [shell, { name: "sandbox", needed: true, status: "missing", detail: message, mend }];
  }
  try {
    const startedMs = systemClock.monotonicMs() - startMs;
    const confinement = [checkSeccomp(sandbox), checkAddressSpace(sandbox, config.emulator.length > 0)];
    confinement.push(checkCgroup(sandbox, cgroups.reason));
    return [shell, ...confinement, await checkStage(spawner, startedMs)];
  } finally {
    await discard(sandbox.child);
  }
}

/** Asks the kernel about the child, and doesn't take the child's word alone. @see man 5 proc_pid_status */
function checkSeccomp({ child, confinement }: SandboxChild): Check {
  const status = readProc(child.pid, "status");
  // A filter of the service manager's, which a child inherits, shows as well.
  const isFiltered =
    confinement.seccomp && /^Seccomp:\s*2$/m.test(status) && /^NoNewPrivs:\s*1$/m.test(status);
  const about = { name: "seccomp", needed: false };
  if (isFiltered) {
    return { ...about, status: "ok", detail: "children open no files, no sockets and no processes" };
  }
  const reason = confinement.reason ?? "the kernel shows no filter on the child";
  const detail = `children run WITHOUT a system-call filter: ${reason}`;
  return { ...about, status: "warn", detail, mend: "use a kernel with CONFIG_SECCOMP_FILTER=y" };
}

function checkAddressSpace({ child }: SandboxChild, isEmulated: boolean): Check {
  const about = { name: "address space", needed: false };
  const hard = /^Max address space\s+\S+\s+(\S+)/m.exec(readProc(child.pid, "limits"))?.[1];
  if (hard === String(addressSpaceBytes)) {
    return { ...about, status: "ok", detail: "children are held to a limit" };
  }
  const detail = `children have no limit of their own (${hard ?? "unknown"})`;
  const mend = isEmulated
    ? "run it without the emulator: the limit would be the emulator's"
    : "see ulimit -Hv: the limit must not be set already, or be high";
  return { ...about, status: "warn", detail, mend };
}

/** `reason`: why there are none. */
function checkCgroup({ child }: SandboxChild, reason: string | undefined): Check {
  const about = { name: "cgroup", needed: false };
  const isInside = /^0::\/.*\/child-\d+-\d+$/m.test(readProc(child.pid, "cgroup"));
  if (isInside) {
    return {
      ...about,
      status: "ok",
      detail: "the kernel holds each child's memory and tasks, whatever it does",
    };
  }
  const detail = `children have no cgroup of their own: ${reason ?? "the kernel shows them in none"}`;
  const mend = reason?.includes("memory controller")
    ? "boot with cgroup_enable=memory on the kernel's command line (Raspberry Pi: cmdline.txt)"
    : "run it as a systemd unit with Delegate=yes, or name a cgroup by REMOTEMEDIA_CGROUP";
  return { ...about, status: "warn", detail, mend };
}

/** What the kernel says of a process; "" where it says nothing. */
function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

/** A frame through a real stage, the way that every run goes. */
async function checkStage(spawner: ChildSpawner, startedMs: number): Promise<Check> {
  const about = { name: "sandbox", needed: true };
  await using pool = new SandboxPool({ spawner, spares: 0 });
  const port = { name: "in", kinds: ["bytes"] as const };
  const output = { ...port, name: "out" };
  const { module } = await builtinModule("PassThrough");
  await using runner = new StageRunner({
    pool,
    stage: {
      nodes: [
        {
          ...{ id: "doctor", type: "PassThrough", params: "{}", module: 0, keepAfterBadInput: false },
          ...{ inputs: [port], outputs: [output], routes: [{ inside: [], outside: true }] },
          limits: { ...defaultLimits, maxMemoryBytes: 64 * mebibyte, maxOutputBytes: mebibyte },
        },
      ],
      modules: [module],
    },
  });
  try {
    await runner.open();
    const data = new TextEncoder().encode("is there anybody?");
    const outcome = await runner.process({ port: "in", pts: 0, payload: { kind: "bytes" }, data });
    const came = outcome.emissions[0]?.frame.data;
    if (came !== undefined && Bun.deepEquals(came, data)) {
      const detail = `a child starts in ${startedMs.toFixed(0)} ms and runs a node`;
      return { ...about, status: "ok", detail };
    }
    const detail = `a node gave back something else: ${outcome.failures[0]?.message ?? "no failure is told"}`;
    return { ...about, status: "missing", detail, mend: "report this: it is a defect of ours" };
  } catch (thrown) {
    const error = toRemoteMediaError(thrown);
    const mend = error.hint ?? "see whether this machine has memory left";
    return { ...about, status: "missing", detail: error.message, mend };
  }
}
