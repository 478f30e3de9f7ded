// A program of others with all that it starts: told to end together, and gone when this program is.

const groups = new Set<number>();
let isListening = false;

/** Watches the process group that a detached child leads: it is killed when this program exits. Gives what ends the watch. */
export function leadGroup(pid: number): () => void {
  groups.add(pid);
  if (!isListening) process.on("exit", killAll);
  isListening = true;
  return () => groups.delete(pid);
}

/** Signals all of a group. FFmpeg may be a script of a distribution's that has FFmpeg for its child, which would hold the camera. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of it is left.
  }
}

function killAll(): void {
  for (const pid of groups) signalGroup(pid, "SIGKILL");
}
