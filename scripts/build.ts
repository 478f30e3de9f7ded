// Builds the program: the built-in nodes where stale, then one binary a target into dist/.
// Usage: bun scripts/build.ts [TARGET…]   (x64, arm64, x64-musl, arm64-musl, host, all; default: x64 arm64)
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RemoteMediaError } from "../platform/base/error.ts";
import { addonPlugin } from "./addon-plugin.ts";
import { jcoPlugin } from "./jco-plugin.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const targets = ["x64", "arm64", "x64-musl", "arm64-musl"] as const;
type Target = (typeof targets)[number];

function parseTargets(words: readonly string[]): readonly Target[] {
  if (words.length === 0) return ["x64", "arm64"];
  return words.flatMap((word): readonly Target[] => {
    if (word === "all") return targets;
    if (word === "host") return [process.arch === "arm64" ? "arm64" : "x64"];
    const known = targets.find((target) => target === word);
    if (known !== undefined) return [known];
    throw new RemoteMediaError("usage", `no target is named ${word}`, {
      hint: `The targets are ${targets.join(", ")}, host and all.`,
    });
  });
}

/** Builds one binary and puts it in place whole: a running program or test never sees half of one. */
async function buildBinary(entry: string, target: Target): Promise<string> {
  const file = join(root, `dist/remotemedia-linux-${target}`);
  const draft = join(root, "dist/.build", target, basename(file));
  mkdirSync(dirname(draft), { recursive: true });
  try {
    await Bun.build({
      entrypoints: [entry],
      target: "bun",
      format: "esm",
      // Splitting keeps what a role doesn't need out of its start; bytecode spares the rest its parsing.
      splitting: true,
      minify: true,
      bytecode: true,
      sourcemap: "inline",
      define: { "process.env.NODE_ENV": '"production"' },
      plugins: [jcoPlugin, addonPlugin(target)],
      compile: {
        target: `bun-linux-${target}`,
        outfile: draft,
        // The folder that the program is started in must not decide what it does.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
      },
    });
    renameSync(draft, file);
  } finally {
    // Beside the binary lie its maps, which are in it as well, or what a failed build left.
    rmSync(dirname(draft), { recursive: true });
  }
  return file;
}

function run(command: readonly string[]): void {
  const { exitCode } = Bun.spawnSync([...command], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode !== 0) throw new RemoteMediaError("internal", `${command.join(" ")} ended with ${exitCode}`);
}

async function main(): Promise<void> {
  const wanted = parseTargets(process.argv.slice(2));
  run([process.execPath, "scripts/build-nodes.ts", "--quiet"]);
  for (const target of wanted) {
    const started = performance.now();
    const file = await buildBinary(join(root, "agent/cli/main.ts"), target);
    const megabytes = (statSync(file).size / 1e6).toFixed(1);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.error(`dist/${basename(file)}  ${megabytes} MB  ${seconds} s`);
  }
}

try {
  await main();
} catch (thrown) {
  const failures = thrown instanceof AggregateError ? thrown.errors : [thrown];
  for (const failure of failures)
    console.error(failure instanceof RemoteMediaError ? failure.message : failure);
  process.exitCode = thrown instanceof RemoteMediaError && thrown.code === "usage" ? 2 : 1;
}
