// The floors table: which room stands on which floor, and what each may use. test/architecture holds the code to it.

/** Rooms and the floor each stands on. An import points to a lower floor; rooms on one floor don't import each other. */
export const floors: Readonly<Record<string, number>> = {
  "agent/cli": 8,
  "agent/main": 7,
  "agent/web": 6,
  "agent/fleet": 5,
  "agent/executor": 4,
  "agent/offload": 3,
  "agent/mesh": 3,
  "agent/package": 3,
  "agent/placement": 3,
  "agent/pairing": 3,
  "agent/sandbox": 2,
  "agent/native": 2,
  "agent/protocol": 2,
  "agent/manifest": 2,
  "agent/node": 1,
  "agent/capability": 1,
  "agent/trust": 1,
  "agent/config": 1,
  "platform/contract": 0,
  "platform/base": 0,
};

/** Adapters wrap one library or one part of the machine each. They import contract and base; only the composition root imports them. */
export const adapters: readonly string[] = [
  "platform/linux",
  "platform/jetson",
  "platform/raspberrypi",
  "platform/ffmpeg",
  "platform/webrtc",
  "platform/mqtt",
  "platform/websocket",
  "platform/mdns",
  "platform/oci",
  "platform/process",
  "platform/store",
  "platform/fake",
];

/** The room that builds adapters, reads the environment and holds the entries of child processes. */
export const compositionRoot = "agent/main";

/** The room that prints. */
export const printingRoom = "agent/cli";

/** Imports between rooms that the floors forbid and that are right all the same. `types` limits one to type-only imports. */
export const exceptions: readonly { from: string; to: string; types: boolean; reason: string }[] = [
  {
    from: "platform/contract",
    to: "platform/base",
    types: true,
    reason: "a contract says in its signatures which errors it throws",
  },
];

/** Code that runs in a browser tab as well: no `node:`, no `bun:`, no `Bun`, no `process`, and no room that has them. */
export const webStandardRooms: readonly string[] = [
  "agent/executor",
  "agent/manifest",
  "agent/placement",
  "agent/protocol",
  "agent/offload",
  "agent/node",
  "agent/capability",
  "platform/base",
  "platform/contract",
];

/** Pure functions of data: bytes, keys and times come in as arguments, so no clock, no chance and no network. */
export const pureRooms: readonly string[] = [
  "agent/manifest",
  "agent/placement",
  "agent/capability",
  "agent/trust",
  "agent/config",
  "agent/node",
  "agent/protocol",
  "platform/base",
];

/** Libraries and the rooms that may import them; a library that isn't here is imported by nobody. */
export const libraries: Readonly<Record<string, readonly string[]>> = {
  "@bytecodealliance/jco-transpile": ["agent/main"],
  "@noble/ciphers": ["agent/trust"],
  aedes: ["platform/mqtt"],
  "cbor-x": ["agent/protocol"],
  "fluent-ffmpeg": ["platform/ffmpeg"],
  "jsonc-parser": ["agent/manifest", "agent/config"],
  leven: ["platform/base"],
  mqtt: ["platform/mqtt"],
  "multicast-dns": ["platform/mdns"],
  "node-datachannel": ["platform/webrtc"],
  zod: [
    "agent/manifest",
    "agent/sandbox",
    "agent/node",
    "agent/config",
    "agent/capability",
    "agent/native",
    "agent/mesh",
    "agent/protocol",
    "agent/offload",
    "agent/web",
  ],
};

/** Files outside the rooms that a room may import: what the build generates. */
export const generatedFiles: Readonly<Record<string, readonly string[]>> = {
  "dist/nodes/": [compositionRoot],
  "package.json": [compositionRoot, printingRoom],
};

/** The room of a file, such as `agent/sandbox` of `agent/sandbox/child/entry.ts`; undefined outside `agent/` and `platform/`. */
export function roomOf(file: string): string | undefined {
  const [top, room, rest] = file.split("/", 3);
  if (top !== "agent" && top !== "platform") return undefined;
  return rest === undefined ? top : `${top}/${room}`;
}

/** An import as the floors see it: `specifier` as written, `file` the importing file's path in the repository. */
export interface ImportSite {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Why this import may not be, in one sentence; undefined when it may. */
export function judgeImport(site: ImportSite): string | undefined {
  const from = roomOf(site.file);
  if (from === undefined) return undefined;
  if (!(from in floors) && !adapters.includes(from)) return `${from} is no room of the floors table`;
  return site.specifier.startsWith(".") ? judgeRelative(from, site) : judgeLibrary(from, site.specifier);
}

function judgeRelative(from: string, site: ImportSite): string | undefined {
  const target = joinPath(site.file, site.specifier);
  const to = roomOf(target);
  if (to === undefined) {
    const allowed = Object.entries(generatedFiles).some(
      ([prefix, rooms]) => target.startsWith(prefix) && rooms.includes(from),
    );
    return allowed ? undefined : `${from} imports ${target}, which is no room`;
  }
  if (to === from) return undefined;
  if (exceptions.some((known) => known.from === from && known.to === to && (site.typeOnly || !known.types))) {
    return undefined;
  }
  if (adapters.includes(to)) {
    return from === compositionRoot
      ? undefined
      : `${from} imports the adapter ${to}; only ${compositionRoot} does`;
  }
  if (!(to in floors)) return `${to} is no room of the floors table`;
  if (adapters.includes(from)) {
    return floors[to] === 0
      ? undefined
      : `the adapter ${from} imports ${to}; it may import contract and base only`;
  }
  if (floors[to]! < floors[from]!) return undefined;
  return `${from} (floor ${floors[from]}) imports ${to} (floor ${floors[to]}); imports point down`;
}

function judgeLibrary(from: string, specifier: string): string | undefined {
  if (/^(node|bun):|^bun$/.test(specifier)) {
    return webStandardRooms.includes(from)
      ? `${from} uses web-standard APIs only, not ${specifier}`
      : undefined;
  }
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (libraries[name]?.includes(from)) return undefined;
  return libraries[name] === undefined
    ? `the library ${name} isn't in the floors table`
    : `${from} imports the library ${name}; only ${libraries[name].join(", ")} may`;
}

/** Where a relative specifier leads, as a path in the repository. */
function joinPath(file: string, specifier: string): string {
  const base = new URL(file, "file:///");
  return decodeURIComponent(new URL(specifier, base).pathname.slice(1));
}
