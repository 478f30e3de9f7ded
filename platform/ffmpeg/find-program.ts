// Finds ffmpeg and ffprobe on this machine, and refuses those too old for the options we give.
import { RemoteMediaError } from "../base/error.ts";

const oldestMajor = 4;
const installHint = "Install FFmpeg: apt install ffmpeg";

export interface ProgramOptions {
  /** The executable's path; default: the first one on the search path. */
  readonly ffmpegPath?: string | undefined;
  readonly ffprobePath?: string | undefined;
  /** Folders to search, separated by colons; default: the environment's PATH. */
  readonly searchPath?: string | undefined;
}

/** The absolute path of a program. Throws `ffmpeg-missing`. */
export function findProgram(name: "ffmpeg" | "ffprobe", options: ProgramOptions): string {
  const given = name === "ffmpeg" ? options.ffmpegPath : options.ffprobePath;
  const search = options.searchPath === undefined ? {} : { PATH: options.searchPath };
  const found = Bun.which(given ?? name, search);
  if (found === null) throw missingProgram(given ?? name);
  return found;
}

/** The error for a program that isn't there or can't be started. */
export function missingProgram(name: string, cause?: unknown): RemoteMediaError {
  return new RemoteMediaError(
    "ffmpeg-missing",
    `This needs FFmpeg, and there is no ${name} on this machine.`,
    {
      hint: installHint,
      cause,
    },
  );
}

/** Throws `ffmpeg-missing` for a version before 4.0. Development builds, whose version isn't a number, pass. */
export function checkVersion(version: string): void {
  const major = /^n?(\d+)\./.exec(version)?.[1];
  if (major === undefined || Number(major) >= oldestMajor) return;
  throw new RemoteMediaError(
    "ffmpeg-missing",
    `This machine's FFmpeg is version ${version}, and ${oldestMajor}.0 is the oldest that will do.`,
    { hint: installHint },
  );
}
