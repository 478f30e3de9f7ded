// findLeash: what has the kernel kill a program when this process dies, however it dies.

/** How long the trial may take. */
const trialMs = 1000;

let found: Promise<string | undefined> | undefined;

/** The path of util-linux's `setpriv` where it knows `--pdeathsig` (2.33 or newer); undefined where there is none. An FFmpeg that waits for a silent
 * camera writes nothing, so that it wouldn't notice that nobody reads any more. @see man 1 setpriv, man 2 PR_SET_PDEATHSIG */
export function findLeash(): Promise<string | undefined> {
  found ??= tryLeash();
  return found;
}

/** The words before the program's own. */
export const leashWords = ["--pdeathsig", "KILL", "--"] as const;

async function tryLeash(): Promise<string | undefined> {
  const path = Bun.which("setpriv");
  if (path === null) return undefined;
  try {
    const trial = Bun.spawn([path, ...leashWords, "true"], {
      ...{ stdin: "ignore", stdout: "ignore", stderr: "ignore" },
      ...{ timeout: trialMs, killSignal: "SIGKILL" },
    });
    return (await trial.exited) === 0 ? path : undefined;
  } catch {
    return undefined;
  }
}
