// What lets a user open a device's file.
import { printable } from "../base/printable.ts";
import type { DeviceNode } from "../contract/machine.ts";

/** The sentence for a person. A group without a name is one of the host that a container doesn't know. */
export function mendPermission(path: string, file: DeviceNode | undefined): string {
  const group = printable(file?.group ?? "", 32);
  if (file === undefined || group === "") return `Give this user access to ${path}`;
  if ((file.mode & 0o060) !== 0o060 || group === "root" || group === "0") {
    return `Give a group access to ${path} by a udev rule, and join it`;
  }
  if (/^\d+$/.test(group)) return `In a container: start it with --group-add ${group}`;
  return `sudo usermod -aG ${group} $USER, then log in again`;
}
