// The WASI that a guest may import: a virtual clock, random bytes, standard output as log lines, and nothing of the machine.
import { RemoteMediaError } from "../../../platform/base/error.ts";
import type { LogLevel } from "../records.ts";
import { LineBuffer } from "./line-buffer.ts";

/** Wall clock at pts 0: guests see the pipeline's time on this date, never the machine's. 2025-01-01T00:00:00Z. */
const epochSeconds = 1_735_689_600n;
const maxRandomBytes = 65_536;
const maxWriteBytes = 4096n;

/** Interfaces of WASI 0.2 that the sandbox offers, without their version. Everything else is denied by name. */
export const offeredWasi: readonly string[] = [
  "wasi:cli/environment",
  "wasi:cli/exit",
  "wasi:cli/stdin",
  "wasi:cli/stdout",
  "wasi:cli/stderr",
  "wasi:cli/terminal-input",
  "wasi:cli/terminal-output",
  "wasi:cli/terminal-stdin",
  "wasi:cli/terminal-stdout",
  "wasi:cli/terminal-stderr",
  "wasi:clocks/monotonic-clock",
  "wasi:clocks/wall-clock",
  "wasi:random/random",
  "wasi:random/insecure",
  "wasi:random/insecure-seed",
  "wasi:io/error",
  "wasi:io/poll",
  "wasi:io/streams",
];

/** Offered to a node with a grant of files: an empty file system, which C and Rust programs import even where they only print. */
export const emptyFilesystem: readonly string[] = ["wasi:filesystem/types", "wasi:filesystem/preopens"];

class Pollable {
  ready(): boolean {
    return true;
  }
  block(): void {}
}

class IoError {
  toDebugString(): string {
    return "closed";
  }
}

/** Standard input is at its end from the start. */
class InputStream {
  read(): never {
    throw closed();
  }
  blockingRead(): never {
    throw closed();
  }
  skip(): never {
    throw closed();
  }
  blockingSkip(): never {
    throw closed();
  }
  subscribe(): Pollable {
    return new Pollable();
  }
}

class OutputStream {
  readonly #lines: LineBuffer;
  constructor(lines: LineBuffer) {
    this.#lines = lines;
  }
  checkWrite(): bigint {
    return maxWriteBytes;
  }
  write(bytes: Uint8Array): void {
    this.#lines.write(bytes);
  }
  blockingWriteAndFlush(bytes: Uint8Array): void {
    this.#lines.write(bytes);
  }
  flush(): void {}
  blockingFlush(): void {}
  writeZeroes(): never {
    throw closed();
  }
  blockingWriteZeroesAndFlush(): never {
    throw closed();
  }
  splice(): never {
    throw closed();
  }
  blockingSplice(): never {
    throw closed();
  }
  subscribe(): Pollable {
    return new Pollable();
  }
}

class Terminal {}

/** Nobody can get hold of one: there is no folder to begin with. */
class Descriptor {}
class DirectoryEntryStream {}

/** A `stream-error` as jco's glue takes it. */
function closed(): unknown {
  return { tag: "closed" };
}

/** One instance's view of WASI. Time stands still within a call but for a nanosecond a look, and jumps to each frame's
 * pts: a guest can't time anything, and a run is repeatable. Waiting is over at once. */
export class VirtualWasi {
  readonly #stdout: LineBuffer;
  readonly #stderr: LineBuffer;
  #nanoseconds = 0n;

  constructor(log: (level: LogLevel, line: Uint8Array) => void) {
    this.#stdout = new LineBuffer((line) => log("info", line));
    this.#stderr = new LineBuffer((line) => log("warn", line));
  }

  /** Sets the clock forward to a frame's time in microseconds; never back. */
  advance(ptsUs: number): void {
    const at = BigInt(Math.max(0, ptsUs)) * 1000n;
    if (at > this.#nanoseconds) this.#nanoseconds = at;
  }

  /** What was printed without a line's end becomes a line. */
  endCall(): void {
    this.#stdout.flush();
    this.#stderr.flush();
  }

  #now(): bigint {
    this.#nanoseconds += 1n;
    return this.#nanoseconds;
  }

  #sleepUntil(instant: bigint): Pollable {
    if (instant > this.#nanoseconds) this.#nanoseconds = instant;
    return new Pollable();
  }

  imports(): Record<string, Record<string, unknown>> {
    const stdout = new OutputStream(this.#stdout);
    const stderr = new OutputStream(this.#stderr);
    const randomBytes = (length: bigint) => {
      if (length > maxRandomBytes) throw new RemoteMediaError("node-trap", `${length} random bytes at once`);
      return crypto.getRandomValues(new Uint8Array(Number(length)));
    };
    const randomU64 = () => crypto.getRandomValues(new BigUint64Array(1))[0]!;
    return {
      "wasi:cli/environment": {
        getEnvironment: () => [],
        getArguments: () => [],
        initialCwd: () => undefined,
      },
      "wasi:cli/exit": { exit: exitGuest, exitWithCode: exitGuest },
      "wasi:cli/stdin": { getStdin: () => new InputStream() },
      "wasi:cli/stdout": { getStdout: () => stdout },
      "wasi:cli/stderr": { getStderr: () => stderr },
      "wasi:cli/terminal-input": { TerminalInput: Terminal },
      "wasi:cli/terminal-output": { TerminalOutput: Terminal },
      "wasi:cli/terminal-stdin": { getTerminalStdin: () => undefined },
      "wasi:cli/terminal-stdout": { getTerminalStdout: () => undefined },
      "wasi:cli/terminal-stderr": { getTerminalStderr: () => undefined },
      "wasi:clocks/monotonic-clock": {
        now: () => this.#now(),
        resolution: () => 1n,
        subscribeInstant: (instant: bigint) => this.#sleepUntil(instant),
        subscribeDuration: (duration: bigint) => this.#sleepUntil(this.#nanoseconds + duration),
      },
      "wasi:clocks/wall-clock": {
        now: () => {
          const now = this.#now();
          return { seconds: epochSeconds + now / 1_000_000_000n, nanoseconds: Number(now % 1_000_000_000n) };
        },
        resolution: () => ({ seconds: 0n, nanoseconds: 1 }),
      },
      "wasi:random/random": { getRandomBytes: randomBytes, getRandomU64: randomU64 },
      "wasi:random/insecure": { getInsecureRandomBytes: randomBytes, getInsecureRandomU64: randomU64 },
      "wasi:random/insecure-seed": { insecureSeed: () => [randomU64(), randomU64()] },
      "wasi:filesystem/types": { Descriptor, DirectoryEntryStream, filesystemErrorCode: () => undefined },
      "wasi:filesystem/preopens": { getDirectories: () => [] },
      "wasi:io/error": { Error: IoError },
      "wasi:io/poll": { Pollable, poll: (list: readonly unknown[]) => Uint32Array.from(list.keys()) },
      "wasi:io/streams": { InputStream, OutputStream },
    };
  }
}

function exitGuest(): never {
  throw new RemoteMediaError("node-trap", "the guest called exit");
}
