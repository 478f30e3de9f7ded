// The program's entry: decides first, before anything heavy is imported, whether this process is a child.
const [role, argument] = process.argv.slice(2);
if (role === "__sandbox") {
  const { runSandboxChild } = await import("../main/sandbox-child.ts");
  await runSandboxChild(argument ?? "");
} else if (role === "__transpiler") {
  const { runTranspilerChild } = await import("../main/transpiler-child.ts");
  await runTranspilerChild(argument ?? "");
} else {
  const { runCommandLine } = await import("./command-line.ts");
  process.exitCode = await runCommandLine(process.argv.slice(2));
}
