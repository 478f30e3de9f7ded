// Programs of others that misbehave: shell scripts on a search path of the test's own, in front of the real ones.
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Ended, Scratch } from "../system/program.ts";

/** The real FFmpeg, for stand-ins that are it for a while. */
export const realFfmpeg = Bun.which("ffmpeg") ?? "ffmpeg";

/** What a stand-in for FFmpeg says when it is asked for its version or its lists; `body` is what it does when it is to work. */
export function ffmpegThat(body: string): string {
  return `case "$*" in
*-version*) echo "ffmpeg version 5.1.9 Copyright (c) the FFmpeg developers"; exit 0;;
*-encoders*|*-codecs*|*-hwaccels*|*-devices*) exec "${realFfmpeg}" "$@";;
esac
${body}`;
}

/** A scratch folder whose programs come first. */
export class Theatre extends Scratch {
  /** The folder with the stand-ins. */
  readonly stage = this.file("bin");

  /** Puts a shell script in the place of a program. */
  standIn(program: string, body: string): string {
    mkdirSync(this.stage, { recursive: true });
    const path = join(this.stage, program);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  override get environment(): Record<string, string> {
    const own = super.environment;
    return { ...own, PATH: [this.stage, own["PATH"]].join(delimiter) };
  }

  /** Runs the program, and gives also how long it took. */
  async timed(words: readonly string[]): Promise<Ended & { readonly ms: number }> {
    const began = performance.now();
    const ended = await this.run(words);
    return { ...ended, ms: performance.now() - began };
  }

  /** Every process that still runs and was started by what ran here, whoever its parent is by now; and files left. */
  remains(): string[] {
    const running = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && this.#isOurs(pid));
    return [...this.leftovers(), ...running.map((pid) => `process ${pid}: ${commandOf(pid)}`)];
  }

  #isOurs(pid: string): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(this.folder);
    } catch {
      return false;
    }
  }
}

/** A process's command line; empty where it has ended, whether or not anybody has buried it. */
export function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** What a terminal would act on, or a reader would not see: everything that is neither printable nor a line's end. */
export const unprintable = /[^\P{C}\n]/u;
