// Tells the service manager that started us how we are: sd_notify's datagrams, by the C library, since no runtime of ours sends them.
import { ptr } from "bun:ffi";
import { printable } from "../base/printable.ts";
import { systemTimers, type Timers } from "../contract/timers.ts";
import { lastErrno, libc } from "./libc.ts";

export interface ServiceNotifier extends Disposable {
  /** We are up; from now on it hears each half of the watchdog's time that the event loop turns. */
  ready(): void;
  /** One line of what we do, for `systemctl status`. */
  status(text: string): void;
  /** We end, and that may take so long. */
  stopping(mayTakeMs: number): void;
}

export interface NotifierOptions {
  /** A path, or `@` and the name of an abstract socket. */
  readonly socket: string;
  /** Undefined: nobody waits for signs of life. */
  readonly watchdogMs?: number | undefined;
  readonly timers?: Timers;
  /** Told once, when it can't be told. */
  readonly onDeaf?: (why: string) => void;
}

const family = { unix: 1 } as const;
/** SOCK_DGRAM with SOCK_CLOEXEC, on every Linux that we run on. */
const datagram = 2 | 0o2000000;
/** MSG_DONTWAIT with MSG_NOSIGNAL: a service manager that is stuck mustn't stop us. */
const atOnce = 0x40 | 0x4000;
const maxPathBytes = 107;

/** Sends each message as one datagram. What can't be sent is lost, as sd_notify has it.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html */
export function openServiceNotifier(options: NotifierOptions): ServiceNotifier {
  const { watchdogMs, timers = systemTimers } = options;
  let isDeaf = false;
  const send = (...lines: readonly string[]): void => {
    const problem = sendDatagram(options.socket, lines.join("\n"));
    if (problem === undefined || isDeaf) return;
    isDeaf = true;
    options.onDeaf?.(problem);
  };
  let takeBack = (): void => {};
  const beat = (): void => {
    if (watchdogMs === undefined) return;
    send("WATCHDOG=1");
    takeBack = timers.after(watchdogMs / 2, beat);
  };
  return {
    ready: () => {
      takeBack();
      send("READY=1");
      beat();
    },
    // A line break would begin another assignment.
    status: (text) => send(`STATUS=${printable(text, 500)}`),
    stopping: (mayTakeMs) => send("STOPPING=1", `EXTEND_TIMEOUT_USEC=${Math.ceil(mayTakeMs) * 1000}`),
    [Symbol.dispose]: () => takeBack(),
  };
}

/** Why it couldn't be sent; undefined when it was. */
function sendDatagram(socket: string, text: string): string | undefined {
  const address = socketAddress(socket);
  if (address === undefined) return `${printable(socket)} is no unix socket`;
  const c = libc();
  if (c === undefined) return "the C library can't be opened";
  const descriptor = c.socket(family.unix, datagram, 0);
  if (descriptor < 0) return `no socket: error ${lastErrno(c)}`;
  try {
    const bytes = new TextEncoder().encode(text);
    const sent = c.sendto(descriptor, ptr(bytes), bytes.length, atOnce, ptr(address), address.length);
    return Number(sent) === bytes.length ? undefined : `error ${lastErrno(c)}`;
  } finally {
    c.close(descriptor);
  }
}

/** `sockaddr_un`, no longer than its name: an abstract one ends where its length says. @see unix(7) */
function socketAddress(socket: string): Uint8Array | undefined {
  const name = new TextEncoder().encode(socket);
  if (name.length < 2 || name.length > maxPathBytes || !/^[/@]/.test(socket)) return undefined;
  const isAbstract = socket.startsWith("@");
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  new DataView(address.buffer).setUint16(0, family.unix, true);
  address.set(name, 2);
  if (isAbstract) address[2] = 0;
  return address;
}
