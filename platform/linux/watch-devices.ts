// watchDevices: tells that devices came, went or changed, by inotify and without ever polling.
import { type FSWatcher, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { printable } from "../base/printable.ts";
import type { DeviceWatcher } from "../contract/machine.ts";

/** Folders below the root that are watched once they are there, and the names in them that matter. */
const folders: Readonly<Record<string, RegExp>> = {
  "": /^(?:video\d+|media\d+|v4l.*|snd|dri|nvidia.*|nvhost.*)$/,
  snd: /^(?:pcm|control)/,
  dri: /^(?:card|render)/,
  v4l: /^by-/,
  "v4l/by-id": /./,
  "v4l/by-path": /./,
};

const maxNames = 32;

export interface WatchOptions {
  /** Default `/dev`. */
  readonly root?: string | undefined;
  /** For how long changes are collected before they are told; default 250. */
  readonly coalesceMs?: number | undefined;
}

/** Watches until it is disposed. Where the folder can't be watched it stays silent. */
export function watchDevices({ root = "/dev", coalesceMs = 250 }: WatchOptions = {}): DeviceWatcher {
  const watchers = new Map<string, FSWatcher>();
  const listeners: ((names: readonly string[]) => void)[] = [];
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    timer = undefined;
    const names = [...changed].sort();
    changed.clear();
    for (const listener of listeners) listener(names);
  };
  const note = (name: string) => {
    if (changed.size < maxNames) changed.add(printable(name));
    timer ??= setTimeout(tell, coalesceMs);
  };
  const leave = (folder: string) => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  /** Watches a folder if it is there and isn't watched yet, and those of interest in it. */
  const enter = (folder: string) => {
    if (watchers.has(folder)) return;
    try {
      const watcher = watch(join(root, folder), { persistent: false }, (_event, name) => {
        if (name !== null) hear(folder, name);
      });
      watcher.on("error", () => leave(folder));
      watchers.set(folder, watcher);
    } catch {
      return;
    }
    for (const name of namesIn(join(root, folder))) if (isWatched(folder, name)) enter(join(folder, name));
  };
  const hear = (folder: string, name: string) => {
    if (folders[folder]?.test(name) !== true) return;
    note(join(folder, name));
    const inner = join(folder, name);
    if (!(inner in folders)) return;
    // The folder may be another one of the same name, whose inotify watch is gone with the old one.
    for (const known of [...watchers.keys()])
      if (known === inner || known.startsWith(`${inner}/`)) leave(known);
    enter(inner);
  };
  enter("");
  return {
    onChange: (listener) => {
      listeners.push(listener);
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      listeners.length = 0;
      for (const folder of [...watchers.keys()]) leave(folder);
    },
  };
}

function isWatched(folder: string, name: string): boolean {
  return join(folder, name) in folders;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
