// recordBoard: a machine that remembers what probes read of it, and writes that as a recorded board.
import type { DeviceNode, Machine } from "../contract/machine.ts";
import { callName } from "./program-call.ts";
import { type BoardNames, redactBoardText } from "./redact-board.ts";
import { type Reading, writeRecord } from "./write-record.ts";

export interface BoardRecorder {
  /** The machine that was given, passed through. */
  readonly machine: Machine;
  /** Writes what was read until now into a folder that is empty or not there, in the format of `test/boards`, with serial numbers,
   * addresses and names removed. Gives the paths of the files, sorted. @throws RemoteMediaError `output-failed` */
  save(folder: string, names: BoardNames): Promise<readonly string[]>;
}

/** Devices by their names; the rest of `/dev` is nobody's business. */
const recordedDevices =
  /^(video|media|v4l|nv|snd|dri|vchiq|vcio|dma_heap|kfd|mali|host1x|rpivid|mwv|hailo|apex)/;

export function recordBoard(machine: Machine): BoardRecorder {
  const files = new Map<string, Uint8Array>();
  const folders = new Map<string, readonly string[]>();
  const links = new Set<string>();
  const nodes: Record<string, DeviceNode> = {};
  const storage: Record<string, unknown> = {};
  const sockets = new Set<string>();
  const answers = new Map<string, string>();
  const keep = <T>(remember: (value: T) => void, value: T): T => {
    remember(value);
    return value;
  };
  const asked: Machine = {
    isRecorded: machine.isRecorded,
    get time() {
      return machine.time;
    },
    readText: async (path) =>
      keep(
        (text) => {
          if (text !== undefined) files.set(path, new TextEncoder().encode(text));
        },
        await machine.readText(path),
      ),
    readBytes: async (path) =>
      keep(
        (bytes) => {
          if (bytes !== undefined) files.set(path, bytes);
        },
        await machine.readBytes(path),
      ),
    list: async (path) =>
      keep(
        (names) => {
          if (names.length > 0) folders.set(path, names);
        },
        await machine.list(path),
      ),
    resolve: async (path) => keep((to) => to !== undefined && links.add(path), await machine.resolve(path)),
    deviceNode: async (path) =>
      keep(
        (node) => {
          if (node !== undefined) nodes[path] = node;
        },
        await machine.deviceNode(path),
      ),
    videoDevice: async (path) =>
      keep(
        (answer) => answers.set(`answers/v4l2/${path.split("/").at(-1)}.json`, json(answer)),
        await machine.videoDevice(path),
      ),
    pcmDevice: async (path) =>
      keep(
        (answer) => answers.set(`answers/alsa/${path.split("/").at(-1)}.json`, json(answer)),
        await machine.pcmDevice(path),
      ),
    run: async (program, args) =>
      keep(
        (answer) => {
          const name = `answers/programs/${callName(program, args)}`;
          if (answer.ok) answers.set(`${name}.txt`, answer.value);
          else if (answer.code !== "not-present")
            answers.set(`${name}.failed.txt`, `${complaintOf(program, answer.detail)}\n`);
        },
        await machine.run(program, args),
      ),
    storage: async (path) =>
      keep(
        (space) => {
          if (space !== undefined) storage[path] = space;
        },
        await machine.storage(path),
      ),
    socket: async (path) => keep((isThere) => isThere && sockets.add(path), await machine.socket(path)),
    sandbox: async () =>
      keep((strength) => answers.set("answers/sandbox.json", json(strength)), await machine.sandbox()),
  };
  return {
    machine: asked,
    save: async (folder, names) => {
      await nameListedDevices(machine, folders, nodes);
      // What storage a folder of this user has is told by "/" to whoever reads the record elsewhere.
      storage["/"] ??= await machine.storage("/");
      answers.set("answers/nodes.json", json(octal(nodes)));
      answers.set("answers/storage.json", json(storage));
      answers.set("answers/sockets.json", json([...sockets].sort()));
      answers.set("board.json", json(aboutRecord(machine.time)));
      const kept = [...folders]
        .filter(([path]) => !/^\/dev(\/|$)/.test(path))
        .map(([path, all]) => [path, namesWorthKeeping(path, all)] as const);
      const reading: Reading = { files, folders: new Map(kept), links, answers, resolve: machine.resolve };
      return writeRecord(folder, reading, (text) => redactBoardText(text, names));
    },
  };
}

/** Whoever reads the record says again that the program failed. */
function complaintOf(program: string, detail: string): string {
  return detail.replace(`${program} failed: `, "");
}

function aboutRecord(time: Date): object {
  return { schema: 1, recorded: time.toISOString(), by: "record-board", sources: ["this board"] };
}

/** Libraries and drivers' descriptions that probes may look for; what else is installed is nobody's business. */
const recordedLibraries =
  /^lib(nv|cud|onnx|openvino|tensorflow|OpenCL|vulkan|amdhip|hip|hsa|rocm|mali|Mali|hailo|edgetpu)|\.icd$|[_-]icd[^/]*\.json$/;

function namesWorthKeeping(path: string, names: readonly string[]): readonly string[] {
  // Of an interface's fifty files the names of two tell what kind it is.
  if (/^\/sys\/class\/net\/[^/]+$/.test(path))
    return names.filter((name) => /^(wireless|phy80211)$/.test(name));
  return /^\/(usr|opt|lib)/.test(path) ? names.filter((name) => recordedLibraries.test(name)) : names;
}

/** Files in `/dev` that were only listed are told by their names too. */
async function nameListedDevices(
  machine: Machine,
  folders: ReadonlyMap<string, readonly string[]>,
  nodes: Record<string, DeviceNode>,
): Promise<void> {
  const inDev = (await machine.list("/dev")).filter((name) => recordedDevices.test(name));
  const below = [...folders].filter(([path]) => /^\/dev\/\w+\/?$/.test(path));
  const paths = [
    ...inDev.map((name) => `/dev/${name}`),
    ...below.flatMap(([path, names]) => names.map((name) => `${path.replace(/\/$/, "")}/${name}`)),
  ];
  for (const path of paths.slice(0, 512)) {
    const node = nodes[path] ?? (await machine.deviceNode(path));
    if (node !== undefined) nodes[path] = node;
  }
}

function octal(nodes: Readonly<Record<string, DeviceNode>>): object {
  const paths = Object.keys(nodes).sort();
  return Object.fromEntries(
    paths.map((path) => [path, { ...nodes[path], mode: nodes[path]!.mode.toString(8).padStart(4, "0") }]),
  );
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}
