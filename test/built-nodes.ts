// Runs once before the tests: builds the built-in nodes where they were never built, since the program imports them.
// Bringing stale ones up to date takes longer; `bun run test` and `bun run dev` do that, a single test's run doesn't.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const timeoutMs = 300_000;
const root = fileURLToPath(new URL("..", import.meta.url));

/** Says so and goes on when the build fails: then the tests that need the nodes fail, and only they. */
export default function setup(): void {
  if (existsSync(`${root}dist/nodes/index.ts`)) return;
  const { exitCode } = Bun.spawnSync([process.execPath, "scripts/build-nodes.ts", "--quiet"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: timeoutMs,
  });
  if (exitCode !== 0) console.error("tests: the built-in nodes couldn't be built");
}
