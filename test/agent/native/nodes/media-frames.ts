// Small frames of raw media for the sinks' tests.
import type { Frame } from "../../../../agent/node/frame.ts";

/** A grey picture; `pts` in microseconds. */
export function pictureFrame(port: string, pts: number, width = 16, height = 16): Frame {
  const data = new Uint8Array(width * height).fill(pts % 251);
  return { port, pts, payload: { kind: "video", width, height, format: "gray8" }, data };
}

/** 20 ms of one channel. */
export function soundFrame(port: string, pts: number, rate = 8000): Frame {
  const data = new Uint8Array((rate / 50) * 2).fill(pts % 251);
  return { port, pts, payload: { kind: "audio", rate, channels: 1, format: "s16le" }, data };
}

export const jsonFrame = (port: string): Frame => ({
  port,
  pts: 0,
  payload: { kind: "json" },
  data: new TextEncoder().encode("{}"),
});
