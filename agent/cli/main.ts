// The program's entry: decides first, before anything heavy is imported, whether this process is a child.
const [role, argument] = process.argv.slice(2);
if (role === "__sandbox") {
  const { runSandboxChild } = await import("../main/sandbox-child.ts");
  await runSandboxChild(argument ?? "");
} else if (role === "__transpiler") {
  const { runTranspilerChild } = await import("../main/transpiler-child.ts");
  await runTranspilerChild(argument ?? "");
} else if (role === "__prober") {
  const { runProberChild } = await import("../main/prober-child.ts");
  await runProberChild();
} else {
  const { runCommandLine } = await import("./command-line.ts");
  // Not by exitCode: a read of a silent stdin, or a write to a pipe that nobody empties, would keep the process.
  process.exit(await runCommandLine(process.argv.slice(2)));
}
