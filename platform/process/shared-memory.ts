// Memory that two processes see: an anonymous memfd, mapped in both.
import { type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import { RemoteMediaError } from "../base/error.ts";
import { libc } from "./libc.ts";

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW: a child that cut the memory short would fault its parent. */
const seals = 1 | 2 | 4;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 2 ** 64;

export interface SharedMemory {
  readonly fd: number;
  readonly buffer: ArrayBuffer;
  /** Unmaps; no view of `buffer` may be used afterwards. */
  release(): void;
}

/** Creates `bytes` of zeroed shared memory without a name in any file system. */
export function createSharedMemory(bytes: number): SharedMemory {
  const c = libc();
  const name = new TextEncoder().encode("remotemedia\0");
  const fd = c.memfd_create(ptr(name), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    throw new RemoteMediaError("sandbox-failed", "memfd_create failed", {
      hint: "Linux 3.17 or newer is needed",
    });
  if (c.ftruncate(fd, bytes) !== 0 || c.fcntl(fd, F_ADD_SEALS, seals) !== 0) {
    c.close(fd);
    throw new RemoteMediaError("sandbox-failed", `shared memory of ${bytes} bytes was refused`);
  }
  const address = mapShared(fd, bytes);
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    c.munmap(address, bytes);
    c.close(fd);
  };
  return { fd, buffer: toArrayBuffer(address, 0, bytes), release };
}

/** Maps the shared memory that this process inherited as `fd`. */
export function inheritSharedMemory(fd: number, bytes: number): ArrayBuffer {
  return toArrayBuffer(mapShared(fd, bytes), 0, bytes);
}

function mapShared(fd: number, bytes: number): Pointer {
  const address = libc().mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  if (typeof address !== "number" || address <= 0 || address >= MAP_FAILED - 4096) {
    throw new RemoteMediaError("sandbox-failed", `mapping ${bytes} bytes of shared memory failed`);
  }
  return address;
}
