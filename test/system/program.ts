// Runs the program as users do: its own process, with a folder of its own for temporary files and the cache.
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const main = join(import.meta.dirname, "../../agent/cli/main.ts");

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly process: Bun.Subprocess<"pipe", "pipe", "pipe">;
  /** Resolve when the stream has shown the text, or has ended. */
  printed(text: string): Promise<void>;
  told(text: string): Promise<void>;
  /** What stdout and stderr have had until now. */
  printedSoFar(): string;
  toldSoFar(): string;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** For Bun, in front of the program. */
  readonly bunOptions?: readonly string[];
  /** Whether it leads a process group, as what a shell starts in the foreground of a terminal does. Default false. */
  readonly leadsGroup?: boolean;
  /** The words that start the program, such as a binary's path; default: Bun and its source. */
  readonly program?: readonly string[] | undefined;
}

/** A scratch folder: `file` names files in it, `run` runs the program with it, and it is removed at the end. */
export class Scratch implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "remotemedia-test-"));
  readonly #temporary = mkdtempSync(join(this.folder, "tmp-"));

  file(name: string): string {
    return join(this.folder, name);
  }

  /** Starts the program; `stdin` is given to it, and ended; `"open"` keeps stdin open and silent. */
  start(words: readonly string[], stdin: string | "open" = "", more: StartOptions = {}): RunningProgram {
    const program = more.program ?? [process.execPath, ...(more.bunOptions ?? []), main];
    const child = Bun.spawn([...program, ...words], {
      env: { ...this.environment, ...more.environment },
      detached: more.leadsGroup === true,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    if (stdin !== "open") {
      child.stdin.write(stdin);
      void child.stdin.end();
    }
    const stderr = new Watched(child.stderr);
    const stdout = new Watched(child.stdout);
    const ended = (async () => ({
      exitCode: await child.exited,
      stdout: await stdout.whole,
      stderr: await stderr.whole,
    }))();
    return {
      process: child,
      printed: (text) => stdout.seen(text),
      told: (text) => stderr.seen(text),
      printedSoFar: () => stdout.text,
      toldSoFar: () => stderr.text,
      ended,
    };
  }

  run(words: readonly string[], stdin = ""): Promise<Ended> {
    return this.start(words, stdin).ended;
  }

  /** A shell's command line, in which `remotemedia` is the program. */
  async shell(line: string, folder = this.folder): Promise<Ended> {
    const child = Bun.spawn(
      ["bash", "-c", `remotemedia() { "${process.execPath}" "${main}" "$@"; }\n${line}`],
      { cwd: folder, env: this.environment, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    );
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { exitCode: await child.exited, stdout, stderr };
  }

  /** Temporary files that are there, and processes that still work in them. */
  leftovers(): string[] {
    const processes = readdirSync("/proc").filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(this.#temporary);
      } catch {
        return false;
      }
    });
    return [...readdirSync(this.#temporary), ...processes.map((pid) => `process ${pid}`)];
  }

  get environment(): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "",
      HOME: this.folder,
      TMPDIR: this.#temporary,
      REMOTEMEDIA_HOME: join(this.folder, "home"),
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A stream that can be waited on. */
class Watched {
  readonly whole: Promise<string>;
  text = "";
  #tell = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.whole = this.#read(stream);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<string> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true });
      this.#tell.resolve();
      this.#tell = Promise.withResolvers();
    }
    return this.text;
  }

  async seen(text: string): Promise<void> {
    let over = false;
    void this.whole.then(() => {
      over = true;
    });
    while (!over && !this.text.includes(text)) await Promise.race([this.#tell.promise, this.whole]);
  }
}
