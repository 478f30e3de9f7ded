// fetchDebian: the few files of Debian that a virtual machine boots with, kept in .cache/emulated/.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { RemoteMediaError } from "../../platform/base/error.ts";

/** Architectures as our binaries name them. */
export type MachineArchitecture = "arm64" | "x64";

const debianNames = { arm64: "arm64", x64: "amd64" } as const;
const cache = join(import.meta.dirname, "../../.cache/emulated");
/** Where this machine's own apt gets Debian's packages from; other vendors' sources have no kernel for us. */
const sources = ["/etc/apt/sources.list", ...globSync("/etc/apt/sources.list.d/debian*")];

/** What is kept of each package; of the kernel's modules those that tests load. */
const kept = [
  "./boot/vmlinuz-*",
  "./bin/busybox",
  "./lib/ld-linux-*",
  "./lib64/*",
  "./lib/*-linux-gnu/*.so*",
  ...["drivers/virtio", "drivers/media", "fs/9p", "fs/fscache", "fs/netfs", "net/9p", "sound"].map(
    (part) => `*/modules/*/kernel/${part}/*`,
  ),
];
/** Beside the files: what was kept when they were fetched. */
const keptList = "kept.json";

/** A folder with Debian's kernel, busybox and C library for the architecture. Nothing is installed: apt works on a state of its
 * own, so that neither root nor a foreign architecture is needed. @throws RemoteMediaError where there is no apt or no network */
export function fetchDebian(architecture: MachineArchitecture): string {
  const folder = join(cache, architecture);
  const wanted = JSON.stringify(kept);
  const list = join(folder, keptList);
  if (existsSync(list) && readFileSync(list, "utf8") === wanted) return folder;
  const draft = join(cache, `${architecture}.tmp`);
  rmSync(draft, { recursive: true, force: true });
  for (const part of ["root", "sources", "state/lists/partial", "archives/partial"])
    mkdirSync(join(draft, part), { recursive: true });
  for (const file of sources.filter(existsSync)) {
    const extension = file.endsWith(".sources") ? "sources" : "list";
    copyFileSync(file, join(draft, "sources", `${basename(file, `.${extension}`)}.${extension}`));
  }
  writeFileSync(join(draft, "status"), "");
  const debian = debianNames[architecture];
  const apt = (tool: string, ...words: string[]) => run(draft, [tool, ...settings(draft, debian), ...words]);
  apt("apt-get", "-q", "update");
  const kernel = /Depends: (linux-image-\S+)/.exec(apt("apt-cache", "depends", `linux-image-${debian}`))?.[1];
  apt("apt-get", "-q", "download", kernel ?? `linux-image-${debian}`, "busybox-static", "libc6");
  for (const file of globSync("*.deb", { cwd: draft })) {
    run(draft, [
      "sh",
      "-c",
      'dpkg-deb --fsys-tarfile "$0" | tar -x -C root --wildcards "$@" 2>&1 || true',
      file,
      ...kept,
    ]);
  }
  writeFileSync(join(draft, "root", keptList), wanted);
  rmSync(folder, { recursive: true, force: true });
  renameSync(join(draft, "root"), folder);
  rmSync(draft, { recursive: true });
  return folder;
}

/** The one file of an unpacked package that the pattern names. */
export function readDebian(folder: string, pattern: string): Uint8Array<ArrayBuffer> {
  const [file] = globSync(pattern, { cwd: folder });
  if (file === undefined)
    throw new RemoteMediaError("internal", `no ${pattern} in ${folder}; remove that folder`);
  return Uint8Array.from(readFileSync(join(folder, file)));
}

function settings(draft: string, debian: string): string[] {
  return [
    `APT::Architecture=${debian}`,
    `APT::Architectures::=${debian}`,
    "Dir::Etc::sourcelist=/dev/null",
    `Dir::Etc::sourceparts=${draft}/sources`,
    `Dir::State=${draft}/state`,
    `Dir::State::status=${draft}/status`,
    `Dir::Cache=${draft}`,
    "Debug::NoLocking=1",
    "APT::Sandbox::User=root",
  ].flatMap((setting) => ["-o", setting]);
}

function run(folder: string, [command, ...words]: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command!, words, { cwd: folder, encoding: "utf8" });
  if (status === 0) return stdout;
  throw new RemoteMediaError(
    "internal",
    `${command} failed: ${error?.message ?? stderr.trim().slice(-500)}`,
    {
      hint: "the virtual machines are made of Debian's packages: apt, dpkg and a network are needed once",
    },
  );
}
