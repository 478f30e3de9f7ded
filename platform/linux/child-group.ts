// leadGroup: a child with all that it starts, killed together, and gone when this program is.

const groups = new Set<number>();
let isListening = false;

/** Watches the process group that a detached child leads. Gives what kills all of it, once. */
export function leadGroup(pid: number): () => void {
  groups.add(pid);
  if (!isListening) process.on("exit", killAll);
  isListening = true;
  // A second time its number may be another's.
  return () => {
    if (groups.delete(pid)) killGroup(pid);
  };
}

function killAll(): void {
  for (const pid of groups) killGroup(pid);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody of it is left.
  }
}
