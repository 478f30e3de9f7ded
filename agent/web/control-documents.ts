// What the agent says of itself on its control socket: the documents of `status`, `peers` and `top`, as a client checks them.
import * as z from "zod/mini";
import { RemoteMediaError } from "../../platform/base/error.ts";
import { printable } from "../../platform/base/printable.ts";

/** The version of these documents. Keys may be added under one number, which older readers drop. */
export const controlVersion = 1;

const most = { peers: 1024, pipelines: 256, nodes: 1024, considered: 256, reasons: 64, counters: 512 };

// Everything here comes from peers in the end: whatever could paint over a terminal's lines is cut out on the way in.
const line = z.pipe(
  z.string().check(z.maxLength(4096)),
  z.transform((text: string) => printable(text, 1024)),
);
const amount = z.number().check(z.minimum(0));
const perhaps = z.nullable(amount);
const version = z.literal(controlVersion);
const list = <T extends z.ZodMiniType>(of: T, length: number) => z.array(of).check(z.maxLength(length));
const counters = z
  .record(line, z.number())
  .check(z.refine((record) => Object.keys(record).length <= most.counters, "too many counters"));

const membership = z.object({
  mesh: line,
  name: line,
  roles: list(line, 16),
  /** ISO 8601. */
  expires: line,
  /** Whether the agent takes part in this mesh now; one does, of those it belongs to. */
  active: z.boolean(),
});

const considered = z.object({
  place: line,
  name: line,
  verdict: z.enum(["chosen", "fallback", "refused"]),
  score: z.nullable(z.number()),
  reasons: list(line, most.reasons),
});

const placedNode = z.object({
  node: line,
  place: line,
  /** The chosen place first, then the fallbacks in their order, then the refused. */
  considered: list(considered, most.considered),
});

const pipeline = z.object({
  name: line,
  /** The file, folder or reference, as the configuration says. */
  path: line,
  state: z.enum(["disabled", "starting", "running", "waiting", "draining", "ended", "failed"]),
  /** ISO 8601: when it came into this state. */
  since: line,
  restarts: amount,
  /** Why it failed last. */
  error: z.nullable(z.object({ code: line, message: line })),
  /** When it is tried again, in ms from now; null where it isn't waiting. */
  retry_ms: perhaps,
  nodes: list(placedNode, most.nodes),
});

const hosted = z.object({
  stage: amount,
  /** Who opened it: the device, and its name. */
  caller: line,
  caller_name: line,
  nodes: list(line, most.nodes),
  frames: amount,
});

export const statusSchema = z.object({
  v: version,
  state: z.enum(["running", "draining"]),
  version: line,
  pid: amount,
  /** ISO 8601. */
  started: line,
  uptime_s: amount,
  device: line,
  name: line,
  memberships: list(membership, 64),
  /** Where peers reach its signalling; null where it is turned off. */
  listen: z.nullable(z.object({ host: line, port: amount })),
  /** Whether it looks for peers, and tells of itself, by mDNS. */
  mdns: z.boolean(),
  broker: z.nullable(z.object({ url: line, connected: z.boolean(), error: z.nullable(line) })),
  /** Peers that there is a session with now. */
  sessions: amount,
  /** Stages that it runs for others now. */
  hosted: list(hosted, most.nodes),
  pipelines: list(pipeline, most.pipelines),
  /** What happened since the start, by name, such as `signals_dropped`. */
  counters,
});

const peer = z.object({
  device: line,
  name: line,
  roles: list(line, 16),
  /** By which ways it can be reached, such as `ws://10.0.0.7:7400`, `mqtt`. */
  via: list(line, 16),
  session: z.enum(["none", "connecting", "open", "barred"]),
  /** Why it isn't spoken to, where it is barred. */
  barred: z.nullable(line),
  rtt_ms: perhaps,
  load: z.nullable(z.object({ cpu: amount, memory: amount, sessions: amount, queue_ms: amount })),
  /** What it can do, in short: `4 cores`, `cuda 8 GiB`, `onnx 1.20`. */
  can: list(line, most.reasons),
  /** By how much its clock is before ours; null where nobody knows. */
  clock_offset_ms: z.nullable(z.number()),
});

export const peersSchema = z.object({ v: version, mesh: z.nullable(line), peers: list(peer, most.peers) });

const times = { p50_ms: perhaps, p95_ms: perhaps };

const topNode = z.object({
  node: line,
  type: line,
  /** `local`, or a peer's name. */
  placed_on: line,
  /** Over the last second or so. */
  frames_per_s: amount,
  ...times,
  /** Frames that wait in front of it. */
  queue: amount,
  errors: amount,
});

const topHop = z.object({ from: line, to: line, ...times });

const topPipeline = z.object({
  name: line,
  frames_in: amount,
  frames_out: amount,
  nodes: list(topNode, most.nodes),
  /** The way between places: a round trip without the work at its end. */
  hops: list(topHop, most.nodes),
});

const topHosted = z.object({
  stage: amount,
  caller_name: line,
  nodes: list(line, most.nodes),
  frames_per_s: amount,
  ...times,
  queue: amount,
});

export const topSchema = z.object({
  v: version,
  /** ISO 8601. */
  time: line,
  pipelines: list(topPipeline, most.pipelines),
  hosted: list(topHosted, most.nodes),
});

export type StatusDocument = z.output<typeof statusSchema>;
export type PipelineStatus = StatusDocument["pipelines"][number];
export type PeersDocument = z.output<typeof peersSchema>;
export type PeerDocument = PeersDocument["peers"][number];
export type TopDocument = z.output<typeof topSchema>;

/** What the other end of the socket said, held to a schema above. @throws RemoteMediaError `internal` for what no agent of this version says */
export function parseControlDocument<T>(schema: z.ZodMiniType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RemoteMediaError(
    "internal",
    `the agent's answer doesn't hold at ${printable(JSON.stringify(issue?.path.join(".")), 200)}: ${issue?.message}`,
    { hint: "bring the program and the agent to the same version" },
  );
}
