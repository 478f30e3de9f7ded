// The sandbox under real kernels of both architectures: what user-mode emulation can't show, seccomp and cgroups above all.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Findings } from "../platform/process/fixtures/forbidden.ts";
import type { MachineArchitecture } from "./debian-packages.ts";
import { packLuggage } from "./luggage.ts";
import { type MachineResult, missingFor, runInMachine } from "./machine.ts";

const bootMs = 540_000;
const transcripts = join(import.meta.dirname, "../../.cache/emulated");

/** Has the kernel write down every system call that is answered with EPERM or ENOSYS. */
const watchRefusals = `cd /sys/kernel/tracing
echo 4096 > buffer_size_kb
echo 'ret == -1 || ret == -38' > events/raw_syscalls/sys_exit/filter
echo 1 > events/raw_syscalls/sys_exit/enable`;

/** Number and result of each refused call, and how often. A number of -1 is arm64's return from a signal's handler, and no call. */
const tellRefusals = `echo 0 > /sys/kernel/tracing/tracing_on
sed -n 's/.*sys_exit: NR //p' /sys/kernel/tracing/trace | sort | uniq -c`;

/** As systemd does for a unit with `Delegate=yes` and `User=board`: a cgroup that the unit's user may divide. The leaf that the program
 * goes into stays behind, as a sign that it did. */
function asDelegatedUnit(unit: string, command: string): string {
  const cgroup = `/sys/fs/cgroup/${unit}`;
  return `echo "board:x:1000:1000::/tmp:/bin/sh" > /etc/passwd
mkdir ${cgroup}
chown 1000:1000 ${cgroup} ${cgroup}/cgroup.procs ${cgroup}/cgroup.subtree_control
export REMOTEMEDIA_HOME=/tmp/board
sh -c 'echo 0 > ${cgroup}/cgroup.procs || exit; exec su -p board -c "exec ${command}"' && ls -d ${cgroup}/agent`;
}

const commands = {
  system: "uname -srm",
  doctor: "remotemedia doctor",
  watch: watchRefusals,
  calculator:
    "remotemedia run /luggage/calculator/pipeline.json --input /luggage/calculator/input.json --output - --quiet",
  speech:
    "remotemedia run /luggage/speech-gate --input /luggage/speech-gate/speech.wav --output /tmp/speech.ndjson --quiet && cat /tmp/speech.ndjson",
  recipes:
    "remotemedia run /luggage/recipes.json --input /luggage/speech-gate/speech.wav --report /tmp/recipes.json --quiet && cat /tmp/recipes.json",
  refusals: tellRefusals,
  looper:
    "remotemedia run /luggage/looper.json --input /luggage/looper.ndjson --output - --report /tmp/looper.json",
  "looper-report": "cat /tmp/looper.json",
  confined: "probe confined",
  "cgroup-of-the-operators": `echo "+memory +pids +cpu" > /sys/fs/cgroup/cgroup.subtree_control
REMOTEMEDIA_CGROUP=/remotemedia remotemedia doctor`,
  "cgroup-of-a-unit": asDelegatedUnit("board-doctor", "remotemedia doctor"),
  "cgroup-of-a-run": asDelegatedUnit(
    "board-run",
    "remotemedia run /luggage/calculator/pipeline.json --input /luggage/calculator/input.json --output - --quiet",
  ),
  hog: "probe hog /remotemedia /luggage/hog.prepared",
  "processes-killed": "dmesg | sed -n 's/.*out of memory: Killed process //p' | sort -u | wc -l",
  "cgroups-left": "find /sys/fs/cgroup -name 'child-*'",
  // 1326 is the audit record of a process that a filter has killed.
  kernel: "dmesg | grep -E 'type=1326|segfault|Oops' || true",
};

/** System calls that a child makes in ordinary work and is refused, by number, with what it means for it. */
const harmless: Readonly<Record<MachineArchitecture, readonly number[]>> = {
  // prctl: a new thread's name. openat: the engine looks into /proc/self/statm to see when to collect garbage, and does by its own
  // count without. clone3: answered with ENOSYS, so that the C library takes clone.
  arm64: [167, 56, 435],
  x64: [157, 257, 435],
};

describe.each<MachineArchitecture>(["arm64", "x64"])("under a real kernel of %s", (architecture) => {
  let machine: MachineResult;

  beforeAll(async () => {
    const missing = missingFor(architecture);
    if (missing !== undefined) expect.fail(`this needs ${missing}`);
    const files = await packLuggage(architecture);
    machine = await runInMachine({ architecture, files, commands, timeoutMs: bootMs });
    mkdirSync(transcripts, { recursive: true });
    writeFileSync(join(transcripts, `transcript-${architecture}.txt`), machine.transcript);
  }, bootMs + 60_000);

  function outputOf(name: keyof typeof commands): string {
    const { exitCode, output } = machine.results.get(name)!;
    expect({ name, exitCode, output }).toMatchObject({ exitCode: 0 });
    return output;
  }

  it("the doctor finds every layer of the sandbox in place, and that nobody gave it a cgroup", () => {
    const others = { shell: "ok", seccomp: "ok", "address space": "ok", sandbox: "ok" };
    expect(checksOf(outputOf("doctor"))).toMatchObject({ ...others, cgroup: "warn" });
  });

  it("puts children into cgroups where the operator names one, and where a unit was delegated its own", () => {
    expect(checksOf(outputOf("cgroup-of-the-operators"))).toMatchObject({ cgroup: "ok", sandbox: "ok" });
    expect(checksOf(outputOf("cgroup-of-a-unit"))).toMatchObject({ cgroup: "ok", sandbox: "ok" });
    expect(lines(outputOf("cgroup-of-a-run")).map(({ json }) => json)).toEqual([12, 14, 16]);
  });

  it("kills a stage that uses more memory than its cgroup has, and nothing else", () => {
    const { limits, failures, echoes, children } = JSON.parse(outputOf("hog"));
    expect(limits).toMatchObject({
      ...{ "memory.max": String(160 * 2 ** 20), "memory.swap.max": "0", "memory.oom.group": "1" },
      ...{ "pids.max": "68", "cpu.max": "180000 100000" },
    });
    const message = "its process ended: out of memory: it used more than 160 MiB";
    expect(failures).toEqual([{ code: "node-killed", message }]);
    // The neighbour before and after, and the hog's next frame in its next child.
    expect(echoes).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
    expect(children).toBe(3);
    expect(outputOf("processes-killed")).toBe("1");
    expect(outputOf("cgroups-left")).toBe("");
  });

  it("calculates 12, 14, 16", () => {
    expect(lines(outputOf("calculator")).map(({ json }) => json)).toEqual([12, 14, 16]);
  });

  it("finds the three phrases of the demo's clip", () => {
    const ends = lines(outputOf("speech")).filter(({ json }) => json?.event === "speech_end");
    expect(ends).toHaveLength(3);
  });

  it("prepares and runs components in C, by direct entry and through jco's glue", () => {
    const { nodes } = JSON.parse(outputOf("recipes").slice(outputOf("recipes").indexOf("{")));
    const counts = nodes.map(({ node, frames_in, errors }: Record<string, unknown>) => [
      node,
      frames_in,
      errors,
    ]);
    expect(counts).toEqual(["hand-on", "direct", "glue"].map((node) => [node, 402, []]));
  });

  it("refuses no system call that the engine needs", () => {
    const refused = [...outputOf("refusals").matchAll(/^\s*\d+ (\d+) = /gm)].map(([, number]) =>
      Number(number),
    );
    expect([...new Set(refused)].filter((number) => !harmless[architecture].includes(number))).toEqual([]);
  });

  it("kills a looping guest and delivers the other frames in order", () => {
    const delivered = lines(outputOf("looper").replaceAll(/^[^{].*$/gm, "")).map(({ pts }) => pts);
    expect(delivered).toEqual([0, 1, 3, 4, 6]);
    const [node] = JSON.parse(outputOf("looper-report")).nodes;
    expect(node.errors).toMatchObject([
      { code: "node-timeout", frame_pts: 2 },
      { code: "node-timeout", frame_pts: 5 },
    ]);
  });

  it("lets a confined child compute, and reach out by no call", () => {
    const { confinement, raw, refused, working } = JSON.parse(outputOf("confined")) as Findings;
    expect(confinement).toEqual({ seccomp: true });
    expect(Object.entries(raw).filter(([, result]) => result !== "EPERM")).toEqual([]);
    expect(Object.values(refused)).not.toContain("done");
    expect(Object.entries(working).filter(([, result]) => result !== "done")).toEqual([]);
  });

  it("kills no process for a forbidden call", () => {
    expect(outputOf("kernel")).toBe("");
  });
});

/** The doctor's checks and their states. */
function checksOf(output: string): Record<string, string> {
  const found = output.matchAll(/^(ok|warn|missing) +(\w+(?: \w+)*)/gm);
  return Object.fromEntries([...found].map(([, state, name]) => [name!, state!]));
}

// biome-ignore lint/suspicious/noExplicitAny: what the program printed is checked by what is expected of it
function lines(output: string): any[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}
