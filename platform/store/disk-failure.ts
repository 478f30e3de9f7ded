// What a disk refused, as the program's error: the system's dialect is translated here once.
import { RemoteMediaError } from "../base/error.ts";
import { printable } from "../base/printable.ts";

const gcHint = "free some space; `remotemedia cache gc` removes packages that nobody needs";

const sayings: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOSPC: ["the disk is full", gcHint],
  EDQUOT: ["the user's share of the disk is full", gcHint],
  EIO: ["the disk reads or writes with errors", "look at the kernel's log (dmesg): the disk may be broken"],
  EROFS: ["the file system is read-only", "mount it for writing, or set REMOTEMEDIA_HOME to another folder"],
  EACCES: ["this user may not", "the folder must belong to the user who runs this"],
  EPERM: ["this user may not", "the folder must belong to the user who runs this"],
  EMFILE: ["too many files are open", "raise the limit (ulimit -n)"],
  ENFILE: ["too many files are open on this machine", "close some programs"],
};

/** @param doing what failed, such as `write`; `errno` the system's name, such as `ENOSPC` */
export function diskFailure(doing: string, path: string, errno: string, cause?: unknown): RemoteMediaError {
  const [message, hint] = sayings[errno] ?? [printable(errno), undefined];
  return new RemoteMediaError("store-failed", `can't ${doing} ${printable(path, 400)}: ${message}`, {
    where: { file: path },
    cause: new DiskCause(errno, { cause }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Why a disk refused, such as `ENOSPC`; undefined where something else was thrown. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof RemoteMediaError && thrown.cause instanceof DiskCause
    ? thrown.cause.errno
    : undefined;
}

class DiskCause extends Error {
  readonly errno: string;
  constructor(errno: string, options: ErrorOptions) {
    super(errno, options);
    this.errno = errno;
  }
}
