// packModules: kernel modules for a virtual machine, each after what it depends on.
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { RemoteMediaError } from "../../platform/base/error.ts";
import type { ArchiveFile } from "./initramfs.ts";

export interface KernelModule {
  readonly file: ArchiveFile;
  /** As `insmod` takes them. */
  readonly parameters: string;
}

/** The modules of an unpacked kernel package, by name and with their parameters, in the order in which they can be loaded. What they
 * depend on is written in the modules themselves; what isn't among the files is taken to be built into the kernel. */
export function packModules(folder: string, wanted: Readonly<Record<string, string>>): KernelModule[] {
  const names = Object.entries(wanted);
  if (names.length === 0) return [];
  const found = globSync("{,usr/}lib/modules/*/kernel/**/*.ko*", { cwd: folder });
  const paths = new Map(found.map((path) => [nameOf(path), join(folder, path)]));
  const packed = new Map<string, KernelModule>();
  const pack = (name: string, parameters: string) => {
    const path = paths.get(name);
    if (path === undefined || packed.has(name)) return;
    const bytes = readModule(path);
    for (const needed of dependenciesOf(bytes)) pack(needed, "");
    packed.set(name, { file: { path: `modules/${name}.ko`, bytes }, parameters });
  };
  for (const [name, parameters] of names) {
    pack(plainName(name), parameters);
    if (!packed.has(plainName(name)))
      throw new RemoteMediaError("internal", `there is no module ${name} in ${folder}; remove that folder`);
  }
  return [...packed.values()];
}

function nameOf(path: string): string {
  return plainName(basename(path).replace(/\.ko(?:\.\w+)?$/, ""));
}

/** The kernel writes `_` where files have `-`. */
function plainName(name: string): string {
  return name.replaceAll("-", "_");
}

/** Compressed ones are unpacked: busybox can't load them. */
function readModule(path: string): Uint8Array<ArrayBuffer> {
  if (path.endsWith(".ko")) return Uint8Array.from(readFileSync(path));
  const { status, stdout } = spawnSync("xz", ["-dc", path], { maxBuffer: 64 * 1024 * 1024 });
  if (status === 0) return Uint8Array.from(stdout);
  throw new RemoteMediaError("internal", `xz can't unpack ${path}`);
}

/** The `depends=` of a module's information section. */
function dependenciesOf(bytes: Uint8Array): string[] {
  const text = new TextDecoder("latin1").decode(bytes);
  const names = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? "";
  return names
    .split(",")
    .filter((name) => name !== "")
    .map(plainName);
}
