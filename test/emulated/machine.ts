// runInMachine: commands in a freshly booted virtual machine of either architecture, and what each of them printed.
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { fetchDebian, type MachineArchitecture, readDebian } from "./debian-packages.ts";
import { type ArchiveFile, initramfs } from "./initramfs.ts";
import { type KernelModule, packModules } from "./kernel-modules.ts";

/** TCG: a kernel of its own is the point, and hardware virtualisation knows one architecture only. */
const hardware = {
  arm64: ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72"],
  // JavaScriptCore needs AVX for WASM's SIMD.
  x64: ["qemu-system-x86_64", "-M", "q35", "-cpu", "max"],
} as const;
const console = { arm64: "ttyAMA0", x64: "ttyS0" } as const;
const memoryMebibytes = 1536;

export interface MachineOptions {
  readonly architecture: MachineArchitecture;
  /** Beside busybox and the C library. */
  readonly files: readonly ArchiveFile[];
  /** Shell command lines by name, run one after the other as root, with `/tmp` to write in. */
  readonly commands: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Loaded before the first command, in this order, after what they depend on; by name and with parameters. */
  readonly modules?: Readonly<Record<string, string>>;
  /** Runs the commands with this machine's own files as root folder, read-only, so that its programs are there. Both machines then
   * have the same architecture. What the commands leave in `/tmp/out` lies in this folder. */
  readonly share?: string;
}

/** What the kernel needs to see this machine's files. @see https://wiki.qemu.org/Documentation/9psetup */
const shareModules = { virtio_pci: "", "9pnet_virtio": "", "9p": "" };

export interface CommandResult {
  readonly exitCode: number;
  /** Both streams, as they came. */
  readonly output: string;
}

export interface MachineResult {
  readonly results: ReadonlyMap<string, CommandResult>;
  /** All that came over the console. */
  readonly transcript: string;
}

/** What this machine lacks for emulating the other; undefined when nothing. */
export function missingFor(architecture: MachineArchitecture): string | undefined {
  const [emulator] = hardware[architecture];
  if (Bun.which(emulator) === null) return `${emulator} (Debian: qemu-system-arm, qemu-system-x86)`;
  return Bun.which("apt-get") === null ? "apt-get, which brings a kernel" : undefined;
}

/** Boots, runs the commands and powers off. @throws RemoteMediaError when it does not come to its end in time */
export async function runInMachine(options: MachineOptions): Promise<MachineResult> {
  const folder = mkdtempSync(join(tmpdir(), "remotemedia-machine-"));
  try {
    const transcript = await boot(options, folder);
    return { results: readTranscript(transcript), transcript };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function boot(options: MachineOptions, folder: string) {
  const { architecture, files, timeoutMs, share } = options;
  const debian = fetchDebian(architecture);
  const modules = packModules(debian, { ...(share === undefined ? {} : shareModules), ...options.modules });
  const kernel = join(folder, "kernel");
  await Bun.write(kernel, readDebian(debian, "boot/vmlinuz-*"));
  await writeArchive(join(folder, "initramfs"), [
    ...systemFiles(architecture, debian),
    ...files,
    ...modules.map(({ file }) => file),
    { path: "init", bytes: new TextEncoder().encode(initScript(options, modules)), executable: true },
  ]);
  const child = Bun.spawn(
    [
      ...hardware[architecture],
      ...["-accel", "tcg,thread=multi", "-smp", "2", "-m", String(memoryMebibytes)],
      ...["-nographic", "-no-reboot", "-nic", "none"],
      ...(share === undefined ? [] : shareDevices(share)),
      ...["-kernel", kernel, "-initrd", join(folder, "initramfs")],
      ...["-append", `console=${console[architecture]} loglevel=0 panic=-1 rdinit=/init`],
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const [transcript, complaint] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  const whole = transcript.replaceAll("\r", "");
  if (!isLate && whole.includes("\n[[end]]")) return whole;
  const what = isLate ? `was not done after ${timeoutMs} ms` : `broke off: ${complaint}`;
  throw new RemoteMediaError("internal", `the virtual machine ${what}\n${whole.slice(-4000)}`);
}

function systemFiles(architecture: MachineArchitecture, debian: string): ArchiveFile[] {
  const loader = architecture === "arm64" ? "lib/ld-linux-aarch64.so.1" : "lib64/ld-linux-x86-64.so.2";
  const libraries = architecture === "arm64" ? "lib/aarch64-linux-gnu" : "lib/x86_64-linux-gnu";
  const names = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"];
  return [
    { path: "bin/busybox", bytes: readDebian(debian, "bin/busybox"), executable: true },
    // In the package the loader's own name is a link into the libraries.
    { path: loader, bytes: readDebian(debian, `${libraries}/${loader.split("/")[1]}`), executable: true },
    ...names.map((name) => ({ path: `lib/${name}`, bytes: readDebian(debian, `${libraries}/${name}`) })),
  ];
}

async function writeArchive(path: string, files: readonly ArchiveFile[]): Promise<void> {
  const file = createWriteStream(path);
  for (const part of initramfs(files)) file.write(part);
  file.end();
  await finished(file);
}

/** This machine's files to read, and a folder to write in. */
function shareDevices(share: string): string[] {
  const folder = (path: string, tag: string) => `local,path=${path},mount_tag=${tag},security_model=none`;
  return [
    ...["-virtfs", `${folder("/", "host")},readonly=on,multidevs=remap`],
    ...["-virtfs", folder(share, "share")],
  ];
}

/** Files of this machine don't change meanwhile: the other may keep what it has read of them. */
const mountShare = `for tag in host share; do
  mkdir -p /$tag
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose $tag /$tag
done
mkdir /tmp/out
mount -o bind /share /tmp/out
for folder in proc sys dev tmp; do mount -o rbind /$folder /host/$folder; done
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

/** The first process: mounts, runs, powers off. Every command's output lies between two marks. */
function initScript({ commands, share }: MachineOptions, modules: readonly KernelModule[]): string {
  const run = share === undefined ? (line: string) => line : inShare;
  const runs = Object.entries(commands).map(
    ([name, line]) =>
      `echo; echo "[[begin ${name}]]"\n( ${run(line)}\n) 2>&1; status=$?; echo; echo "[[exit ${name} $status]]"`,
  );
  return `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /etc /root /sbin /usr/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing
export PATH=/bin HOME=/tmp NO_COLOR=1
${modules.map(({ file, parameters }) => `insmod /${file.path} ${parameters}`).join("\n")}
${share === undefined ? "" : mountShare}
cd /tmp
${runs.join("\n")}
echo "[[end]]"
/bin/busybox poweroff -f
`;
}

function inShare(line: string): string {
  return `/bin/cat > /tmp/command <<'END OF COMMAND'
cd /tmp
${line}
END OF COMMAND
/bin/chroot /host /bin/sh /tmp/command`;
}

function readTranscript(transcript: string): Map<string, CommandResult> {
  const pattern = /^\[\[begin (\S+)\]\]\n([\s\S]*?)\n\[\[exit \1 (\d+)\]\]$/gm;
  return new Map(
    [...transcript.matchAll(pattern)].map(([, name, output, exitCode]) => [
      name!,
      { exitCode: Number(exitCode), output: output!.trim() },
    ]),
  );
}
