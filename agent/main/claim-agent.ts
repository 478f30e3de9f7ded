// One agent a control socket: a lock beside it that ends with its process, so that of two that start at once one is refused.
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { openLinuxDisk } from "../../platform/store/linux-disk.ts";
import { runningAlready } from "../web/control-server.ts";

/** Held until it is disposed, or until the process dies. @throws RemoteMediaError `agent-running`, `store-failed` */
export async function claimAgent(controlSocket: string): Promise<AsyncDisposable> {
  await mkdir(dirname(controlSocket), { recursive: true, mode: 0o700 });
  const file = await openLinuxDisk().open(`${controlSocket}.lock`, "keep");
  let isOurs = false;
  try {
    isOurs = file.tryLock("exclusive");
    if (!isOurs) throw runningAlready(controlSocket);
  } finally {
    if (!isOurs) await file.close();
  }
  return { [Symbol.asyncDispose]: () => file.close() };
}
