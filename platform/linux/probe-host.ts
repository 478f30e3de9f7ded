// Host name, kernel, operating system, and what container this is, if it is one.
import type { Machine } from "../contract/machine.ts";
import type { Findings } from "./findings.ts";
import { keyedLines, lineOf, readLine } from "./read-value.ts";

/** Which words in the paths of a process's cgroup betray which container. */
const cgroupHints: readonly (readonly [RegExp, string])[] = [
  [/\/kubepods/, "kubernetes"],
  [/\/libpod[-_]|\/machine\.slice\/libpod/, "podman"],
  [/\/docker[-/]/, "docker"],
  [/\/lxc(\.payload)?[./]/, "lxc"],
  [/\/(containerd|cri-containerd)[-/]/, "containerd"],
  [/\/machine\.slice\/machine-/, "systemd-nspawn"],
];

/** Whatever of it can be read; nothing of it is worth an absence. */
export async function probeHost(machine: Machine): Promise<Findings> {
  const [name, etcName, kernel, os, container] = await Promise.all([
    readLine(machine, "/proc/sys/kernel/hostname"),
    readLine(machine, "/etc/hostname"),
    readLine(machine, "/proc/sys/kernel/osrelease"),
    readSystemName(machine),
    findContainer(machine),
  ]);
  return { host: { name: name ?? etcName, kernel, os, container } };
}

/** @see https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
async function readSystemName(machine: Machine): Promise<string | undefined> {
  const release =
    (await machine.readText("/etc/os-release")) ?? (await machine.readText("/usr/lib/os-release"));
  const values = keyedLines(release, "=");
  const text = values.get("PRETTY_NAME") ?? values.get("NAME");
  const quoted = text?.match(/^(["'])(.*)\1$/s)?.[2];
  return lineOf((quoted ?? text)?.replace(/\\(["'$`\\])/g, "$1"));
}

async function findContainer(machine: Machine): Promise<string | undefined> {
  const [bySystemd, podman, docker, cgroups] = await Promise.all([
    readLine(machine, "/run/systemd/container"),
    machine.readText("/run/.containerenv"),
    machine.readText("/.dockerenv"),
    machine.readText("/proc/1/cgroup"),
  ]);
  if (bySystemd !== undefined) return bySystemd;
  if (podman !== undefined) return "podman";
  if (docker !== undefined) return "docker";
  return cgroupHints.find(([hint]) => hint.test(cgroups ?? ""))?.[1];
}
