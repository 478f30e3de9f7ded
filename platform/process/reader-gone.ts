// Whether the reader of a pipe that we write to has gone, told without writing.
import { ptr } from "bun:ffi";
import { libc } from "./libc.ts";

const POLLERR = 0x8;

/** Of a descriptor such as stdout's. False for files and terminals. @see man 2 poll: POLLERR at the write end of a pipe */
export function isReaderGone(descriptor: number): boolean {
  // struct pollfd { int fd; short events; short revents; }
  const poll = new DataView(new ArrayBuffer(8));
  poll.setInt32(0, descriptor, true);
  const ready = libc().poll(ptr(new Uint8Array(poll.buffer)), 1, 0);
  return ready > 0 && (poll.getInt16(6, true) & POLLERR) !== 0;
}
