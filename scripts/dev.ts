// The one loop: types and tests are checked again at every saved file, until it is interrupted.
// The built-in nodes are brought up to date once, at the start.
// Usage: bun scripts/dev.ts [VITEST FILTERS…]
Bun.spawnSync(["bun", "scripts/build-nodes.ts", "--quiet"], { stdio: ["ignore", "inherit", "inherit"] });

const commands = [
  ["bun", "--bun", "tsc", "--noEmit", "--watch", "--preserveWatchOutput"],
  ["bun", "--bun", "vitest", "watch", ...process.argv.slice(2)],
];
const running = commands.map((command) => Bun.spawn(command, { stdio: ["inherit", "inherit", "inherit"] }));
const stop = (): void => {
  for (const child of running) child.kill();
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
// When one of them ends, by `q` in vitest's prompt for one, the loop is over.
await Promise.race(running.map((child) => child.exited));
stop();
