// A machine made of an object: files, folders, links and answers, for the tests of probes.
import type {
  Answer,
  DeviceNode,
  Machine,
  PcmDevice,
  SandboxStrength,
  StorageSpace,
  VideoDevice,
} from "../../platform/contract/machine.ts";

/** What a test's machine holds; paths are absolute and without a slash at the end. */
export interface BoardRecord {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** A link's path and where it leads, relative to its folder or absolute. */
  readonly links?: Readonly<Record<string, string>>;
  /** Folders with nothing in them; those of files are there anyway. */
  readonly folders?: readonly string[];
  /** What isn't given is 0o660, group "video", accessible. */
  readonly nodes?: Readonly<Record<string, Partial<DeviceNode>>>;
  readonly video?: Readonly<Record<string, VideoDevice | Answer<VideoDevice>>>;
  readonly pcm?: Readonly<Record<string, PcmDevice | Answer<PcmDevice>>>;
  /** By the whole call, such as "ffmpeg -hide_banner -codecs": stdout, or why there is none. */
  readonly programs?: Readonly<Record<string, string | Answer<string>>>;
  readonly storage?: Readonly<Record<string, StorageSpace>>;
  readonly sockets?: readonly string[];
  /** Both true where it isn't given. */
  readonly sandbox?: SandboxStrength;
  readonly time?: Date;
}

const largestFile = 262_144;
const mostNames = 4096;
const mostLinks = 40;

/** The machine that `record` describes; nothing of the real one is ever looked at. */
export function boardMachine(record: BoardRecord = {}): Machine {
  const tree = new BoardTree(record);
  const readBytes = async (path: string) => tree.read(path);
  return {
    isRecorded: true,
    time: record.time ?? new Date("2026-01-02T03:04:05.000Z"),
    readBytes,
    readText: async (path) => {
      const bytes = await readBytes(path);
      return bytes && new TextDecoder().decode(bytes);
    },
    list: async (path) => tree.list(path),
    resolve: async (path) => tree.resolve(path),
    deviceNode: async (path) => {
      const node = record.nodes?.[path];
      return node && { mode: 0o660, group: "video", isAccessible: true, ...node };
    },
    videoDevice: async (path) => answer(record.video?.[path], path),
    pcmDevice: async (path) => answer(record.pcm?.[path], path),
    run: async (program, args) => {
      const call = [program, ...args].join(" ");
      return answer(record.programs?.[call], call);
    },
    storage: async (path) => record.storage?.[path],
    socket: async (path) => record.sockets?.includes(path) ?? false,
    sandbox: async () => record.sandbox ?? { seccomp: true, cgroup: true, reasons: [] },
  };
}

function answer<T extends string | object>(given: T | Answer<T> | undefined, what: string): Answer<T> {
  if (given === undefined) return { ok: false, code: "not-present", detail: `${what} isn't there` };
  if (typeof given === "object" && "ok" in given) return given;
  return { ok: true, value: given };
}

class BoardTree {
  readonly #files: ReadonlyMap<string, string | Uint8Array>;
  readonly #links: ReadonlyMap<string, string>;
  /** Names by folder. */
  readonly #folders = new Map<string, Set<string>>([["", new Set()]]);

  constructor(record: BoardRecord) {
    this.#files = new Map(Object.entries(record.files ?? {}));
    this.#links = new Map(Object.entries(record.links ?? {}));
    for (const path of [
      ...this.#files.keys(),
      ...this.#links.keys(),
      ...Object.keys(record.nodes ?? {}),
      ...(record.sockets ?? []),
    ]) {
      this.#place(path);
    }
    for (const path of record.folders ?? []) this.#place(`${path}/`);
  }

  #place(path: string): void {
    const parts = path.split("/").slice(1);
    let folder = "";
    for (const name of parts) {
      const names = this.#folders.get(folder) ?? new Set();
      this.#folders.set(folder, names);
      if (name !== "") names.add(name);
      folder = `${folder}/${name}`;
    }
  }

  resolve(path: string): string | undefined {
    const ahead = path.split("/");
    let here = "";
    let linksLeft = mostLinks;
    while (ahead.length > 0) {
      const name = ahead.shift();
      if (name === undefined || name === "" || name === ".") continue;
      if (name === "..") {
        here = here.slice(0, Math.max(here.lastIndexOf("/"), 0));
        continue;
      }
      if (!this.#folders.get(here)?.has(name)) return undefined;
      const target = this.#links.get(`${here}/${name}`);
      if (target === undefined) here = `${here}/${name}`;
      else if (linksLeft-- === 0) return undefined;
      else {
        ahead.unshift(...target.split("/"));
        if (target.startsWith("/")) here = "";
      }
    }
    return here || "/";
  }

  read(path: string): Uint8Array | undefined {
    const content = this.#files.get(this.resolve(path) ?? "");
    if (content === undefined) return undefined;
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return bytes.subarray(0, largestFile);
  }

  list(path: string): readonly string[] {
    const folder = this.resolve(path);
    if (folder === undefined) return [];
    const names = this.#folders.get(folder === "/" ? "" : folder) ?? new Set<string>();
    return [...names].sort().slice(0, mostNames);
  }
}
