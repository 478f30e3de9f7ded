// The program that joins network namespaces: a switch over TAP devices that delays and loses frames as it is told. It ends with its standard input.
import { dlopen, FFIType, ptr } from "bun:ffi";
import { constants, openSync, readSync, writeSync } from "node:fs";
import type { Way, WayChange } from "./network-way.ts";

const { symbols: libc } = dlopen("libc.so.6", {
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  poll: { args: [FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
  read: { args: [FFIType.i32, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
  write: { args: [FFIType.i32, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
});

const setInterface = 0x400454ca;
/** TAP, without the packet information before each frame. */
const tapFlags = 0x1002;
const pollIn = 1;
/** A frame of the usual 1,500 bytes with its head. */
const maxFrameBytes = 1600;
/** Frames that wait on one way, as netem's own limit is 1,000; more are lost. */
const maxWaiting = 4096;

const [seedText = "1", defaultText = "{}", ...devices] = process.argv.slice(2);
const random = seeded(Number(seedText));
const defaultWay = JSON.parse(defaultText) as Way;
const taps = devices.map(openTap);
const ways = taps.map(() =>
  taps.map(() => ({ ...defaultWay, waiting: [] as { atMs: number; frame: Uint8Array }[] })),
);
const frameBuffer = new Uint8Array(maxFrameBytes);
let controlText = "";

writeSync(1, "ready\n");
serve();

function openTap(name: string): number {
  const fd = openSync("/dev/net/tun", constants.O_RDWR | constants.O_NONBLOCK);
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode(name).subarray(0, 15));
  new DataView(request.buffer).setUint16(16, tapFlags, true);
  if (libc.ioctl(fd, setInterface, ptr(request)) !== 0) process.exit(3);
  return fd;
}

function serve(): void {
  const fds = new Int32Array((taps.length + 1) * 2);
  for (const [place, fd] of [0, ...taps].entries()) {
    fds[place * 2] = fd;
    fds[place * 2 + 1] = pollIn;
  }
  const events = new Int16Array(fds.buffer);
  for (;;) {
    libc.poll(ptr(fds), taps.length + 1, waitMs());
    if (events[3] !== 0 && !takeOrders()) return;
    for (const port of taps.keys()) if (events[(port + 1) * 4 + 3] !== 0) takeFrames(port);
    deliverDue();
  }
}

/** Until the next frame is due; -1 without one. */
function waitMs(): number {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const way of ways.flat()) nextMs = Math.min(nextMs, way.waiting[0]?.atMs ?? nextMs);
  return nextMs === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.ceil(nextMs - performance.now()));
}

/** Each line of the standard input changes ways, and is answered when it holds. @returns whether more may come */
function takeOrders(): boolean {
  const bytes = Buffer.alloc(65_536);
  const length = readSync(0, bytes);
  if (length === 0) return false;
  controlText += bytes.toString("utf8", 0, length);
  for (let end = controlText.indexOf("\n"); end >= 0; end = controlText.indexOf("\n")) {
    for (const { from, to, way } of JSON.parse(controlText.slice(0, end)) as WayChange[])
      Object.assign(wayOf(from, to), way);
    controlText = controlText.slice(end + 1);
    writeSync(1, "done\n");
  }
  return true;
}

function wayOf(from: number, to: number) {
  const way = ways[from]?.[to];
  if (way === undefined) process.exit(4);
  return way;
}

function takeFrames(port: number): void {
  // At most so many in a row, so that one port can't starve the others.
  for (let count = 0; count < 64; count += 1) {
    const length = Number(libc.read(taps[port] as number, ptr(frameBuffer), maxFrameBytes));
    if (length <= 14) return;
    const frame = frameBuffer.slice(0, length);
    for (const to of receivers(port, frame)) pass(port, to, frame);
  }
}

/** The last byte of an address tells its port; what is for several goes to all others, and what is for nobody is lost. */
function receivers(port: number, frame: Uint8Array): number[] {
  const isForSeveral = ((frame[0] as number) & 1) === 1;
  const others = [...taps.keys()].filter((other) => other !== port);
  if (isForSeveral) return others;
  return others.filter((other) => frame[0] === 2 && frame[4] === 0 && frame[5] === other + 1);
}

function pass(from: number, to: number, frame: Uint8Array): void {
  const { waiting, delayMs, jitterMs, loss, isCut } = wayOf(from, to);
  // Chance is asked in any case: what one packet does doesn't change what becomes of the next.
  const isLost = random() < loss;
  const atMs = performance.now() + delayMs + random() * jitterMs;
  if (isCut || isLost || waiting.length >= maxWaiting) return;
  waiting.push({ atMs: Math.max(atMs, waiting.at(-1)?.atMs ?? 0), frame });
}

function deliverDue(): void {
  const nowMs = performance.now();
  for (const row of ways) {
    for (const [to, { waiting, isCut }] of row.entries()) {
      let due = 0;
      for (; due < waiting.length && (waiting[due]?.atMs ?? 0) <= nowMs; due += 1) {
        const frame = waiting[due]?.frame as Uint8Array;
        if (!isCut) libc.write(taps[to] as number, ptr(frame), frame.length);
      }
      if (due > 0) waiting.splice(0, due);
    }
  }
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
