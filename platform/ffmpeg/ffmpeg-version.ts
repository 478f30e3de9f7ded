// Which FFmpeg this is: options have other names in other versions.
import { capture } from "./capture.ts";
import { lastComplaint } from "./complaint.ts";
import { checkVersion } from "./find-program.ts";

export interface FfmpegVersion {
  /** As the program gives it, for example "5.1.9-0+deb12u1". */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

// A development build's version is no number: it is newer than any release.
const newest = { major: 1000, minor: 0 };

/** Reads "5.1.9-0+deb12u1", "n6.0" and the like. */
export function parseFfmpegVersion(text: string): FfmpegVersion {
  const match = /^n?(\d{1,3})\.(\d{1,3})/.exec(text);
  return match === null ? { text, ...newest } : { text, major: Number(match[1]), minor: Number(match[2]) };
}

/** Whether a version is `major.minor` or later. */
export function isAtLeast(version: FfmpegVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

/** Asks the program. Throws `ffmpeg-missing` when it can't be started or is too old, `ffmpeg-failed` when it doesn't answer. */
export async function readFfmpegVersion(
  program: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<FfmpegVersion> {
  const { stdout } = await capture(program, ["-hide_banner", "-version"], timeoutMs, signal);
  const version = lastComplaint(/^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? "unknown");
  checkVersion(version);
  return parseFfmpegVersion(version);
}
