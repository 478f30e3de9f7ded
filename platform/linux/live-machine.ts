// openLiveMachine: this machine, as probes look at it.
import { constants } from "node:fs";
import { access, open, readdir, readFile, realpath, stat, statfs } from "node:fs/promises";
import type { DeviceNode, Machine, SandboxStrength, StorageSpace } from "../contract/machine.ts";
import { type AskOptions, askProgram } from "./ask-program.ts";
import { createProber } from "./prober.ts";
import { within } from "./within.ts";

const maxFileBytes = 256 * 1024;
const maxNames = 4096;
const readMs = 1000;
const connectMs = 250;

export interface LiveParts extends Pick<AskOptions, "searchPath" | "executables"> {
  /** How this program is started to ask devices, with the hidden argument. */
  readonly proberCommand: readonly string[];
  /** What holds sandbox children here. */
  readonly sandbox: () => Promise<SandboxStrength>;
  /** Default: the clock of this machine. */
  readonly now?: (() => Date) | undefined;
}

/** This machine. Nothing is opened or started before it is asked for; disposing ends the process that asks devices. */
export function openLiveMachine(parts: LiveParts): Machine & Disposable {
  const prober = createProber({ command: parts.proberCommand });
  const now = parts.now ?? (() => new Date());
  let groups: Promise<ReadonlyMap<number, string>> | undefined;
  const groupNames = () => {
    groups ??= readGroups();
    return groups;
  };
  return {
    isRecorded: false,
    get time() {
      return now();
    },
    readText: async (path) => {
      const bytes = await readStart(path);
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    },
    readBytes: readStart,
    list: async (path) => (await within(readdir(path), readMs, [])).sort().slice(0, maxNames),
    resolve: (path) => within(realpath(path), readMs, undefined),
    deviceNode: (path) => within(readNode(path, groupNames), readMs, undefined),
    videoDevice: (path) => prober.videoDevice(path),
    pcmDevice: (path) => prober.pcmDevice(path),
    run: (program, args) => askProgram(program, args, parts),
    storage: (path) => within(readSpace(path), readMs, undefined),
    socket: takesConnections,
    sandbox: parts.sandbox,
    [Symbol.dispose]: () => prober[Symbol.dispose](),
  };
}

function readStart(path: string): Promise<Uint8Array | undefined> {
  return within(readPlainFile(path), readMs, undefined);
}

/** Looks first: opening what is no plain file can do things, or wait for ever. Files of the kernel say no size or a page's. */
async function readPlainFile(path: string): Promise<Uint8Array | undefined> {
  if (!(await stat(path)).isFile()) return undefined;
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    let bytes = new Uint8Array(8192);
    let length = 0;
    while (length < maxFileBytes) {
      if (length === bytes.length) bytes = grown(bytes);
      const { bytesRead } = await file.read(bytes, length, bytes.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(bytes.length * 4, maxFileBytes));
  larger.set(bytes);
  return larger;
}

async function readNode(
  path: string,
  groupNames: () => Promise<ReadonlyMap<number, string>>,
): Promise<DeviceNode | undefined> {
  const stats = await stat(path);
  if (!stats.isCharacterDevice() && !stats.isBlockDevice()) return undefined;
  const isAccessible = await access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  const group = (await groupNames()).get(stats.gid) ?? String(stats.gid);
  return { mode: stats.mode & 0o7777, group, isAccessible };
}

/** Names by number. @see man 5 group */
async function readGroups(): Promise<ReadonlyMap<number, string>> {
  const text = await within(readFile("/etc/group", "utf8"), readMs, "");
  const rows = text.split("\n").map((line) => line.split(":"));
  return new Map(rows.map(([name, , id]) => [Number(id), name ?? ""]));
}

async function readSpace(path: string): Promise<StorageSpace> {
  const { bsize, blocks, bavail } = await statfs(path);
  return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
}

function takesConnections(path: string): Promise<boolean> {
  const connect = async () => {
    if (!(await stat(path)).isSocket()) return false;
    const socket = await Bun.connect({ unix: path, socket: { data() {}, error() {} } });
    socket.terminate();
    return true;
  };
  return within(connect(), connectMs, false);
}
