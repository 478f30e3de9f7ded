// An agent's documents as a board in a kitchen would give them, without an agent.
import type { AgentView } from "../../../agent/web/agent-view.ts";
import type { PeersDocument, StatusDocument, TopDocument } from "../../../agent/web/control-documents.ts";

export const status: StatusDocument = {
  v: 1,
  state: "running",
  version: "0.1.0",
  pid: 4711,
  started: "2026-01-01T00:00:00.000Z",
  uptime_s: 3725,
  device: "abcdefghijklmnopqrstuvwxyz",
  name: "kitchen",
  memberships: [
    {
      mesh: "home",
      name: "kitchen",
      roles: ["capture", "execute"],
      expires: "2027-01-01T00:00:00.000Z",
      active: true,
    },
  ],
  listen: { host: "0.0.0.0", port: 7400 },
  mdns: true,
  broker: { url: "mqtt://broker.example:1883", connected: false, error: "the connection was refused" },
  sessions: 1,
  hosted: [
    {
      stage: 3,
      caller: "zyxwvutsrqponmlkjihgfedcba",
      caller_name: "garden",
      nodes: ["denoise"],
      frames: 900,
    },
  ],
  pipelines: [
    {
      name: "door",
      path: "/srv/door.rmpkg",
      state: "running",
      since: "2026-01-01T00:00:05.000Z",
      restarts: 2,
      error: { code: "device-missing", message: "there is no camera" },
      retry_ms: null,
      nodes: [
        {
          node: "denoise",
          place: "zyxwvutsrqponmlkjihgfedcba",
          considered: [
            {
              place: "zyxwvutsrqponmlkjihgfedcba",
              name: "garden",
              verdict: "chosen",
              score: 4.2,
              reasons: ["4.2 ms a frame"],
            },
            { place: "local", name: "kitchen", verdict: "refused", score: null, reasons: ["has no gpu"] },
          ],
        },
      ],
    },
  ],
  counters: { signals_dropped: 3, signals_sent: 12 },
};

export const peers: PeersDocument = {
  v: 1,
  mesh: "home",
  peers: [
    {
      device: "zyxwvutsrqponmlkjihgfedcba",
      name: "garden",
      roles: ["execute"],
      via: ["ws://10.0.0.7:7400", "mqtt"],
      session: "open",
      barred: null,
      rtt_ms: 1.2,
      load: { cpu: 0.25, memory: 0.5, sessions: 1, queue_ms: 3 },
      can: ["4 cores", "cuda 8 GiB"],
      clock_offset_ms: -12,
    },
    {
      device: "aaaaaaaaaaaaaaaaaaaaaaaaaa",
      name: "attic",
      roles: ["view"],
      via: [],
      session: "barred",
      barred: "its membership has expired",
      rtt_ms: null,
      load: null,
      can: [],
      clock_offset_ms: null,
    },
  ],
};

export const top: TopDocument = {
  v: 1,
  time: "2026-01-01T01:02:05.000Z",
  pipelines: [
    {
      name: "door",
      frames_in: 100,
      frames_out: 99,
      nodes: [
        {
          node: "denoise",
          type: "PictureDenoise",
          placed_on: "garden",
          frames_per_s: 29.97,
          p50_ms: 4.2,
          p95_ms: 9.1,
          queue: 2,
          errors: 0,
        },
      ],
      hops: [{ from: "kitchen", to: "garden", p50_ms: 1.1, p95_ms: 2.2 }],
    },
  ],
  hosted: [
    {
      stage: 3,
      caller_name: "garden",
      nodes: ["level"],
      frames_per_s: 10,
      p50_ms: null,
      p95_ms: null,
      queue: 0,
    },
  ],
};

export interface FakeView extends AgentView {
  drains: number;
}

export function fakeView(changes: Partial<AgentView> = {}): FakeView {
  const view: FakeView = {
    drains: 0,
    status: () => status,
    peers: () => peers,
    top: () => top,
    drain: () => {
      view.drains++;
    },
    ...changes,
  };
  return view;
}
