// The smaller answers of a recorded board: device files, storage, sockets, sandbox. What makes no sense is left out.
import { printable } from "../base/printable.ts";
import type { DeviceNode, SandboxStrength, StorageSpace } from "../contract/machine.ts";

const maxEntries = 4096;
const maxPathLength = 256;

/** `{"/dev/video0": {"mode": "0660", "group": "video", "isAccessible": true}, …}` */
export function readRecordedNodes(value: unknown): ReadonlyMap<string, DeviceNode> {
  const nodes = new Map<string, DeviceNode>();
  for (const [path, node] of entriesOf(value)) {
    const { mode, group, isAccessible } = fieldsOf(node);
    if (
      !isPath(path) ||
      !path.startsWith("/dev/") ||
      typeof mode !== "string" ||
      !/^0?[0-7]{3,4}$/.test(mode)
    )
      continue;
    if (typeof group !== "string" || typeof isAccessible !== "boolean") continue;
    nodes.set(path, { mode: Number.parseInt(mode, 8), group: printable(group, 64), isAccessible });
  }
  return nodes;
}

/** `{"/": {"totalBytes": 1, "freeBytes": 1}}` by mount point. */
export function readRecordedStorage(value: unknown): ReadonlyMap<string, StorageSpace> {
  const mounts = new Map<string, StorageSpace>();
  for (const [path, space] of entriesOf(value)) {
    const { totalBytes, freeBytes } = fieldsOf(space);
    if (isPath(path) && isSize(totalBytes) && isSize(freeBytes) && freeBytes <= totalBytes)
      mounts.set(path, { totalBytes, freeBytes });
  }
  return mounts;
}

/** `["/run/user/1000/pulse/native"]` */
export function readRecordedSockets(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.slice(0, maxEntries).filter(isPath) : [];
}

export function readRecordedSandbox(value: unknown): SandboxStrength | undefined {
  const { seccomp, cgroup, reasons } = fieldsOf(value);
  if (typeof seccomp !== "boolean" || typeof cgroup !== "boolean" || !Array.isArray(reasons))
    return undefined;
  const texts = reasons.slice(0, 8).filter((reason) => typeof reason === "string");
  return { seccomp, cgroup, reasons: texts.map((reason) => printable(reason, 256)) };
}

function entriesOf(value: unknown): [string, unknown][] {
  return Object.entries(fieldsOf(value)).slice(0, maxEntries);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isPath(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length <= maxPathLength &&
    /^(?:\/|(?:\/[^/\p{C}]+)+)$/u.test(value) &&
    !/\/\.\.?(?:\/|$)/.test(value)
  );
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
