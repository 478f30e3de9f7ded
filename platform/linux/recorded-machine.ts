// openRecordedMachine: a board as a folder of recorded facts, or the root of its file system.
import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";
import type {
  Answer,
  DeviceNode,
  Machine,
  PcmDevice,
  SandboxStrength,
  StorageSpace,
  VideoDevice,
} from "../contract/machine.ts";
import { deviceKindOf } from "./device-kind.ts";
import { callName, isAskedProgram, maxOutputBytes } from "./program-call.ts";
import { maxAnswerBytes, readPcmAnswer, readVideoAnswer } from "./read-answer.ts";
import {
  readRecordedNodes,
  readRecordedSandbox,
  readRecordedSockets,
  readRecordedStorage,
} from "./recorded-answers.ts";
import { openRecordedFiles, type RecordedFiles } from "./recorded-files.ts";
import { failed, refuse } from "./refusal.ts";

const maxFileBytes = 256 * 1024;

/** Opens a folder as `scripts/record-board` writes it; where it has no `board.json`, the root of a board's file system, whose devices
 * then don't answer. @throws RemoteMediaError `board-invalid` */
export async function openRecordedMachine(root: string): Promise<Machine> {
  const files = openRecordedFiles(root);
  const time = readTime(root, files);
  const json = (path: string) => parseJson(files.read(path, maxAnswerBytes));
  const nodes = readRecordedNodes(json("/answers/nodes.json"));
  const isNode = (path: string) => nodes.has(path);
  return {
    isRecorded: true,
    time,
    readText: async (path) => decode(files.read(path, maxFileBytes)),
    readBytes: async (path) => files.read(path, maxFileBytes),
    list: async (path) => withNodes(files.list(path), path, nodes),
    resolve: async (path) => files.resolve(path, isNode),
    deviceNode: async (path) => nodes.get(files.resolve(path, isNode) ?? path),
    videoDevice: async (path) => answer("video", path, json, readVideoAnswer),
    pcmDevice: async (path) => answer("pcm", path, json, readPcmAnswer),
    run: async (program, args) => recordedOutput(files, program, args),
    storage: async (path) => storageOf(readRecordedStorage(json("/answers/storage.json")), path),
    socket: async (path) => readRecordedSockets(json("/answers/sockets.json")).includes(path),
    sandbox: async () => readRecordedSandbox(json("/answers/sandbox.json")) ?? unknownSandbox,
  };
}

const unknownSandbox: SandboxStrength = {
  seccomp: false,
  cgroup: false,
  reasons: ["The recording doesn't say what the sandbox has here."],
};

function readTime(root: string, files: RecordedFiles): Date {
  const stats = statOf(root);
  if (!stats?.isDirectory()) throw invalid(root, `${root} is no folder`);
  const bytes = files.read("/board.json", maxFileBytes);
  if (bytes === undefined) {
    if (files.list("/proc").length + files.list("/sys").length > 0) return stats.mtime;
    throw invalid(
      root,
      `${root} is no board: it has neither a board.json nor what a kernel shows in proc and sys`,
    );
  }
  const board = parseJson(bytes) as { schema?: unknown; recorded?: unknown } | null | undefined;
  if (board?.schema !== 1) throw invalid(root, `${root}/board.json isn't JSON with "schema": 1`);
  const time = new Date(typeof board.recorded === "string" ? board.recorded : Number.NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw invalid(root, `${root}/board.json doesn't say in "recorded" when the board was recorded`);
}

function invalid(file: string, message: string): RemoteMediaError {
  return new RemoteMediaError("board-invalid", printable(message, 512), {
    where: { file },
    hint: "Give a folder that scripts/record-board has written, or the root of a board's file system.",
  });
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function answer<T extends VideoDevice | PcmDevice>(
  kind: "video" | "pcm",
  path: string,
  json: (path: string) => unknown,
  read: (value: unknown) => Answer<T>,
): Answer<T> {
  if (deviceKindOf(path) !== kind) return refuse("not-supported", `${path} is no device of this kind`);
  const folder = kind === "video" ? "v4l2" : "alsa";
  const value = json(`/answers/${folder}/${basename(path)}.json`);
  return value === missing ? refuse("not-present", `${path} is not there`) : read(value);
}

function recordedOutput(files: RecordedFiles, program: string, args: readonly string[]): Answer<string> {
  if (!isAskedProgram(program)) return refuse("not-supported", `${program} is no program that is asked`);
  const name = join("/answers/programs", callName(program, args));
  const output = decode(files.read(`${name}.txt`, maxOutputBytes));
  if (output !== undefined) return { ok: true, value: output };
  const complaint = decode(files.read(`${name}.failed.txt`, maxOutputBytes));
  if (complaint !== undefined) return failed(program, complaint);
  return refuse("not-present", `${program} is not installed`);
}

/** Names in a folder, and of the devices in it that are known though their files aren't there. */
function withNodes(
  names: readonly string[],
  path: string,
  nodes: ReadonlyMap<string, DeviceNode>,
): readonly string[] {
  const folder = path.endsWith("/") ? path : `${path}/`;
  const more = [...nodes.keys()]
    .filter((node) => node.startsWith(folder))
    .map((node) => node.slice(folder.length).split("/")[0]!);
  return more.length === 0 ? names : [...new Set([...names, ...more])].sort().slice(0, 4096);
}

/** The entry of the longest mount point above the path. */
function storageOf(mounts: ReadonlyMap<string, StorageSpace>, path: string): StorageSpace | undefined {
  const above = [...mounts.keys()]
    .filter((mount) => mount === "/" || path === mount || path.startsWith(`${mount}/`))
    .sort((a, b) => b.length - a.length);
  return above[0] === undefined ? undefined : mounts.get(above[0]);
}

function decode(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** What `parseJson` gives for a file that isn't there; one that is no JSON is undefined. */
const missing = Symbol("missing");

function parseJson(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return missing;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
