// One message of every type and shape, for tests of the codec.
import type { ControlMessage, StageMessage } from "../../../agent/protocol/control-message.ts";

const credit = { frames: 64, bytes: 8_388_608 };
const error = { code: "peer-busy", message: "it has 64 stages open" };

export const sampleControl: Readonly<Record<string, ControlMessage>> = {
  hello: {
    type: "hello",
    versions: [1, 2],
    membership: Uint8Array.of(1, 2, 250),
    statement: { schema: 1, cpu: { cores: 4, arch: "arm64" }, memory_gb: 7.5, gpu: [], on: true, off: null },
    agent: "remotemedia 0.1.0",
  },
  open: {
    type: "open",
    stage: 7,
    manifest: '{"version":"v1"}',
    root: "denoise",
    wanted: ["denoise.out", "count.out"],
    package: `sha256:${"ab".repeat(32)}`,
    deadlineMs: 250,
    path: ["aaaaaaaaaaaaaaaaaaaaaaaaaa"],
    credit,
  },
  "open of built-in nodes": {
    type: "open",
    stage: 4_294_967_295,
    manifest: "{}",
    root: "a",
    wanted: [],
    package: undefined,
    deadlineMs: 0,
    path: [],
    credit: { frames: 0, bytes: 0 },
  },
  ready: { type: "ready", stage: 7, window: 32, credit },
  error: { type: "error", stage: 7, error },
  close: { type: "close", stage: 7 },
  load: { type: "load", cpu: 0.25, memory: 1, sessions: 3, queueMs: 12.5 },
  statement: { type: "statement", statement: { nested: [[[1]], { a: "é—𝄞" }] } },
  ping: { type: "ping", count: 9 },
  pong: { type: "pong", count: 9_007_199_254_740_991 },
  "want-blob": {
    type: "want-blob",
    request: 1,
    package: "sha256:00",
    digest: "manifest",
    offset: 0,
    length: 49_152,
  },
  blob: { type: "blob", request: 1, offset: 5, size: 8, bytes: Uint8Array.of(7, 8, 9), error: undefined },
  "blob that can't be had": {
    type: "blob",
    request: 2,
    offset: 0,
    size: 0,
    bytes: new Uint8Array(0),
    error: { code: "package-missing", message: "no such package" },
  },
  bye: { type: "bye", error: { code: "peer-lost", message: "it stops" } },
};

const failure = {
  node: "denoise",
  nodeType: "PictureDenoise",
  code: "node-trap",
  message: "unreachable",
  framePts: -20_000,
  consecutive: 2,
} as const;

/** What a caller says, in the order of its calls. */
export const sampleCaller: Readonly<Record<string, StageMessage>> = {
  "frame in": {
    type: "frame",
    call: 1,
    node: "",
    port: "in",
    pts: 1_700_000_000_000_000,
    payload: { kind: "video", width: 2, height: 2, format: "gray8" },
    data: Uint8Array.of(1, 2, 3, 4),
  },
  "empty frame": {
    type: "frame",
    call: 2,
    node: "",
    port: "in",
    pts: -9_007_199_254_740_991,
    payload: { kind: "tensor", element: "float32", shape: [4_294_967_295, 0] },
    data: new Uint8Array(0),
  },
  "credit to the peer": { type: "credit", credit },
  flush: { type: "flush", call: 3 },
};

/** What a peer says. */
export const samplePeer: Readonly<Record<string, StageMessage>> = {
  "frame out": {
    type: "frame",
    call: 1,
    node: "denoise",
    port: "out",
    pts: 0,
    payload: { kind: "audio", rate: 48_000, channels: 2, format: "s16le" },
    data: Uint8Array.of(0, 1, 2, 3),
  },
  "encoded frame out": {
    type: "frame",
    call: 1,
    node: "denoise",
    port: "out",
    pts: 20_000,
    payload: { kind: "encoded", codec: "é—𝄞" },
    data: Uint8Array.of(255),
  },
  "frame that ends its call": {
    type: "frame",
    call: 1,
    node: "denoise",
    port: "out",
    pts: 20_000,
    payload: { kind: "bytes" },
    data: Uint8Array.of(9),
    ended: { serviceUs: 1500.5, waitedUs: 12 },
  },
  ack: { type: "ack", call: 1, failures: [], serviceUs: 1500.5, waitedUs: 0 },
  "ack of a failed call": {
    type: "ack",
    call: 2,
    failures: [failure, { ...failure, code: "peer-lost", framePts: undefined }],
    serviceUs: 10,
    waitedUs: 3,
  },
  "refusing ack": { type: "ack", call: 3, failures: [], serviceUs: 0, waitedUs: 0, refused: error },
  "credit to the caller": { type: "credit", credit: { frames: 1, bytes: 1 } },
};
