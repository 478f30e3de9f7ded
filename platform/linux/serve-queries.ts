// serveQueries: the process that asks devices, so that a device that never answers hangs it and not us.
import type { Answer } from "../contract/machine.ts";
import { type OpenDevice, openDevice } from "./device-file.ts";
import { type DeviceKind, deviceKindOf } from "./device-kind.ts";
import { libc } from "./libc.ts";
import { queryPcm } from "./query-pcm.ts";
import { queryVideo } from "./query-video.ts";
import { refuse, refuseByErrno } from "./refusal.ts";

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const maxLineLength = 256;

const queries: Readonly<Record<DeviceKind, (device: OpenDevice) => object | number>> = {
  video: queryVideo,
  pcm: queryPcm,
};

/** Says `ready` on stdout, then answers each line of stdin, a device's path, by a line of JSON: an `Answer` of what the path
 * stands for. Ends with its stdin, or with its parent. */
export async function serveQueries(): Promise<void> {
  // Without this a process that hangs in a device's driver would outlive a parent that was killed.
  libc()?.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const say = (line: string) => Bun.write(Bun.stdout, `${line}\n`);
  await say("ready");
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of Bun.stdin.stream()) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = (lines.pop() ?? "").slice(0, maxLineLength);
    for (const line of lines) await say(JSON.stringify(askDevice(line)));
  }
}

/** Opens a device, asks it and closes it. */
export function askDevice(path: string): Answer<object> {
  const kind = deviceKindOf(path);
  if (kind === undefined) return refuse("not-supported", `${path} is no device that is asked`);
  try {
    const device = openDevice(path);
    if ("ok" in device) return device;
    using open = device;
    const value = queries[kind](open);
    return typeof value === "number" ? refuseByErrno(path, value) : { ok: true, value };
  } catch (thrown) {
    return refuse(
      "unreadable",
      `${path} can't be asked: ${thrown instanceof Error ? thrown.message : thrown}`,
    );
  }
}
