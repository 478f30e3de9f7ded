// openDevice: a character device that takes ioctls.
import { ptr } from "bun:ffi";
import { constants, statSync } from "node:fs";
import { lastErrno, libc } from "./libc.ts";
import { errnos, type Refusal, refuse, refuseByErrno } from "./refusal.ts";

/** An open device. */
export interface OpenDevice extends Disposable {
  /** Reads and fills `argument`, whose size must be what the request says. Gives 0, or the error number. */
  ioctl(request: number, argument: Uint8Array): number;
}

const O_CLOEXEC = 0o2000000;

/** Opens a device without waiting for it. Anything but a character device is refused before it is opened. */
export function openDevice(path: string): OpenDevice | Refusal {
  const c = libc();
  if (c === undefined) return refuse("not-supported", "the C library can't be opened to ask devices");
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return refuseByErrno(path, errnos.ENOENT);
  if (!stats.isCharacterDevice()) return refuse("not-supported", `${path} is no device`);
  const name = new TextEncoder().encode(`${path}\0`);
  const descriptor = c.open(ptr(name), constants.O_RDWR | constants.O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return refuseByErrno(path, lastErrno(c));
  const call = (request: number, argument: Uint8Array) =>
    c.ioctl(descriptor, request, ptr(argument)) < 0 ? lastErrno(c) : 0;
  return {
    ioctl: (request, argument) => {
      let errno = call(request, argument);
      for (let tries = 0; errno === errnos.EINTR && tries < 8; tries++) errno = call(request, argument);
      return errno;
    },
    [Symbol.dispose]: () => {
      c.close(descriptor);
    },
  };
}
