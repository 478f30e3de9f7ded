// Log lines to the agent. A node that doesn't call these imports nothing.
import { encode, encodedLength } from "./text";

@external("remotemedia:node/log@1.0.0", "write")
declare function write(level: i32, ptr: usize, length: i32): void;

/** Lines for the agent's log, at most 4 KiB each. */
export namespace log {
  export function debug(message: string): void {
    line(0, message);
  }
  export function info(message: string): void {
    line(1, message);
  }
  export function warn(message: string): void {
    line(2, message);
  }
  export function error(message: string): void {
    line(3, message);
  }
}

function line(level: i32, message: string): void {
  const ptr = encode(message);
  write(level, ptr, encodedLength);
}
