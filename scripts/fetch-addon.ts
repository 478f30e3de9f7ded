// Native addons for machines other than this one: fetched once through Bun's own client, and held to the lockfile.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RemoteMediaError } from "../platform/base/error.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The addon file of a package such as `@node-datachannel/linux-arm64-gnu`: the installed one, or one in `.cache/`. An install that brought
 * every machine's packages would double `node_modules`. */
export async function fetchAddon(name: string, version: string): Promise<string> {
  const installed = join(root, "node_modules", name);
  if (isVersion(installed, version)) return addonOf(installed);
  const kept = join(root, ".cache/addons", `${name.replaceAll("/", "+")}@${version}`);
  if (!existsSync(kept)) install(name, version, kept);
  return addonOf(join(kept, "node_modules", name));
}

function install(name: string, version: string, kept: string): void {
  mkdirSync(join(root, ".cache/addons"), { recursive: true });
  const fresh = mkdtempSync(join(root, ".cache/addons/fresh-"));
  try {
    writeFileSync(join(fresh, "package.json"), JSON.stringify({ dependencies: { [name]: version } }));
    const command = [process.execPath, "install", "--ignore-scripts", "--cpu=*", "--os=linux", "--libc=*"];
    const { exitCode, stderr } = Bun.spawnSync(command, { cwd: fresh, stdio: ["ignore", "ignore", "pipe"] });
    if (exitCode !== 0) {
      throw new RemoteMediaError("internal", `${name} can't be fetched: ${stderr.toString().trim()}`);
    }
    const [came, locked] = [integrityOf(fresh, name), integrityOf(root, name)];
    if (came === undefined || came !== locked) {
      throw new RemoteMediaError(
        "digest-mismatch",
        `what came as ${name}@${version} isn't what bun.lock names`,
      );
    }
    renameSync(fresh, kept);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** What a lockfile says of a package's archive, which Bun has held it to. */
function integrityOf(folder: string, name: string): string | undefined {
  const lock = readFileSync(join(folder, "bun.lock"), "utf8");
  const line = lock.split("\n").find((text) => text.trim().startsWith(`"${name}": [`));
  return /"(sha512-[^"]+)"/.exec(line ?? "")?.[1];
}

function isVersion(folder: string, version: string): boolean {
  const file = join(folder, "package.json");
  return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version === version;
}

function addonOf(folder: string): string {
  const { main } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, main);
}
