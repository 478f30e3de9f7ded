// What the operator may say in the agent's file: one schema, from which the checks, the commented sample and the reference page come.
import * as z from "zod/mini";
import { address, host, label, path, port, setting, whole } from "./setting-values.ts";

/** As the manifest's schema has them. */
const policies = ["latency", "balanced", "greedy", "cost"] as const;
const words = z.array(z.string().check(z.minLength(1), z.maxLength(4096))).check(z.maxLength(64));

const listen = z.strictObject({
  host: setting(
    z._default(host(), "0.0.0.0"),
    "The address that is listened on; `127.0.0.1` for this machine only.",
  ),
  port: setting(z._default(port(0), 7400), "The port; 0 takes a free one, which `remotemedia status` tells."),
});

const broker = z
  .strictObject({
    url: setting(
      address(["mqtts", "mqtt", "wss", "ws"]),
      "Where the broker is: `mqtt`, `mqtts`, `ws` or `wss`.",
      "mqtts://broker.example:8883",
    ),
    username: setting(z.optional(label(256)), "The name that the broker knows the agent by.", "kitchen"),
    password_file: setting(
      z.optional(path()),
      "A file whose first line is the password.",
      "/etc/remotemedia/broker.password",
    ),
    ca_file: setting(
      z.optional(path()),
      "Certificates, in PEM, of the authorities that may vouch for the broker; default: the system's.",
      "/etc/remotemedia/ca.pem",
    ),
    cert_file: setting(
      z.optional(path()),
      "The agent's own certificate, in PEM, for brokers that ask for one; goes with `key_file`.",
      "/etc/remotemedia/client.pem",
    ),
    key_file: setting(
      z.optional(path()),
      "The certificate's private key, in PEM.",
      "/etc/remotemedia/client.key",
    ),
  })
  .check(
    z.refine(({ cert_file, key_file }) => (cert_file === undefined) === (key_file === undefined), {
      error: "cert_file and key_file go together",
    }),
  );

const iceServer = z
  .strictObject({
    kind: setting(z.enum(["stun", "turn"]), "What it is.", "turn"),
    host: setting(host(), "Its name or address.", "turn.example"),
    port: setting(z._default(port(1), 3478), "Its port."),
    username: setting(z.optional(label(256)), "TURN: the user's name.", "kitchen"),
    credential_file: setting(
      z.optional(path()),
      "TURN: a file whose first line is the user's password.",
      "/etc/remotemedia/turn.password",
    ),
    secret_file: setting(
      z.optional(path()),
      "TURN with time-limited credentials: a file whose first line is the secret that the server shares (`static-auth-secret` of coturn); instead of `credential_file`.",
      "/etc/remotemedia/turn.secret",
    ),
  })
  .check(
    z.refine((server) => server.kind === "turn" || hasNoCredential(server), {
      error: "a stun server takes no username, credential_file or secret_file",
    }),
    z.refine(
      ({ kind, credential_file, secret_file }) =>
        kind === "stun" || (credential_file === undefined) !== (secret_file === undefined),
      {
        error: "a turn server takes one of credential_file and secret_file",
      },
    ),
    z.refine(({ credential_file, username }) => credential_file === undefined || username !== undefined, {
      error: "credential_file needs a username",
    }),
  );

function hasNoCredential(server: {
  username?: unknown;
  credential_file?: unknown;
  secret_file?: unknown;
}): boolean {
  return (server.username ?? server.credential_file ?? server.secret_file) === undefined;
}

const portRange = z
  .strictObject({
    min: setting(port(1), "The first port.", 50_000),
    max: setting(port(1), "The last port.", 50_100),
  })
  .check(z.refine(({ min, max }) => min <= max, { error: "min must be at most max" }));

const execute = z.strictObject({
  enabled: setting(
    z._default(z.boolean(), true),
    "Whether it runs nodes for members of its mesh at all. Its own membership needs the role `execute` as well.",
  ),
  max_stages: setting(
    z._default(whole(1, 4096), 64),
    "How many stages may be open for others at once; the next one is told `peer-busy`.",
  ),
  max_memory_mb: setting(
    z.optional(whole(1, 1e6)),
    "The most memory of one node that it runs for others, in MiB; what the node's own limits say may be less. Default: the node's limits alone.",
    256,
  ),
  max_execution_ms: setting(
    z.optional(whole(1, 3.6e6)),
    "The most time of one call of such a node, in ms. Default: the node's limits alone.",
    2000,
  ),
  max_fuel: setting(
    z.optional(whole(1, Number.MAX_SAFE_INTEGER)),
    "The most fuel of one call of such a node. Default: the node's limits alone.",
    10_000_000_000,
  ),
  allow_unsigned: setting(
    z._default(z.boolean(), false),
    "Whether it takes packages from members that nobody has signed whom `trust.json` names.",
  ),
});

const placement = z.strictObject({
  policy: setting(
    z.optional(z.enum(policies)),
    "What decides between machines where a pipeline's manifest doesn't say. Default: the manifest's default, `latency`.",
    "balanced",
  ),
});

const pipeline = z.strictObject({
  path: setting(
    path(),
    "What `remotemedia run` takes: a manifest, a folder, an `.rmpkg`, `oci://…` or `sha256:…`.",
    "/srv/doorbell.rmpkg",
  ),
  enabled: setting(z._default(z.boolean(), true), "Whether it runs."),
  set: setting(
    z._default(
      z.record(z.string().check(z.regex(/^[^.\s]+\.[^\s]+$/, "must be node.param")), z.unknown()),
      {},
    ),
    "Params to replace, as `--set` does.",
    { "level.threshold": 0.2 },
  ),
  inputs: setting(z._default(words, []), "What feeds its open inputs, as `--input` takes it.", [
    "in.audio=/srv/talk.wav",
  ]),
  outputs: setting(z._default(words, []), "Where its open outputs go, as `--output` takes it.", [
    "/srv/levels.ndjson",
  ]),
  live: setting(
    z._default(words, []),
    "Devices and streams that feed its open inputs, as `--live` takes them.",
    ["microphone"],
  ),
  restart: setting(
    z._default(z.enum(["always", "on-failure", "never"]), "on-failure"),
    "When it is started again after it has ended: after a pause that doubles from 1 s to 60 s, and is 1 s again once it has run for a minute.",
  ),
});

const pipelineName = z
  .string()
  .check(
    z.regex(
      /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/,
      "must be a word of letters, digits, underscores, dots and dashes",
    ),
  );

export const agentConfigSchema = z.strictObject({
  name: setting(
    z.optional(label(64)),
    "What people call this device. Default: the name of the machine. A membership has the name that the mesh's owner gave.",
    "kitchen",
  ),
  mesh: setting(
    z.optional(label(64)),
    "The mesh that it takes part in, where the device belongs to more than one. Default: the only one.",
    "home",
  ),
  listen: setting(
    z._default(z.union([z.literal(false), z.prefault(listen, {})]), { host: "0.0.0.0", port: 7400 }),
    "Where peers without a broker reach the agent: a WebSocket for signalling. `false` turns it off.",
  ),
  discovery: setting(
    z._default(z.boolean(), true),
    "Whether it tells of itself on the local network, and looks for peers there, by mDNS.",
  ),
  broker: setting(
    z.optional(broker),
    "The MQTT v5 broker by which members of the mesh reach each other. Default: none.",
  ),
  peers: setting(
    z._default(z.array(address(["ws", "wss"])).check(z.maxLength(256)), []),
    "Peers that neither a broker nor mDNS tells of.",
    ["ws://10.0.0.7:7400"],
  ),
  ice_servers: setting(
    z._default(z.array(iceServer).check(z.maxLength(8)), []),
    "STUN and TURN servers. No server is contacted that isn't here.",
  ),
  port_range: setting(
    z.optional(portRange),
    "The UDP ports that media and frames travel through, for firewalls. Default: any free one.",
  ),
  execute: setting(z.prefault(execute, {}), "What it runs for others, and within which limits."),
  placement: setting(z.prefault(placement, {}), "Where the nodes of its own pipelines run."),
  price: setting(
    z.optional(z.number().check(z.minimum(0, "must be at least 0"), z.maximum(1e9))),
    "What an hour of one core costs here, in the unit that the mesh agrees on; the policy `cost` compares it.",
    0.04,
  ),
  capabilities: setting(
    z._default(z.record(z.string(), z.unknown()), {}),
    "Facts of the capability statement (`remotemedia probe --json`) that are stated otherwise than they were found. Others see which: they are marked `config`.",
    { storage_gb: 16, frameworks: { onnx: "1.20" } },
  ),
  pipelines: setting(
    z._default(
      z
        .record(pipelineName, pipeline)
        .check(z.refine((all) => Object.keys(all).length <= 256, "too many pipelines")),
      {},
    ),
    "Pipelines that the agent runs, by name.",
    { doorbell: {} },
  ),
  control_socket: setting(
    z.optional(
      path().check(z.maxLength(107, "must be at most 107 characters: a socket's path can't be longer")),
    ),
    "The socket that `status`, `peers` and `top` ask; its owner's alone. Default: `agent.sock` in $REMOTEMEDIA_HOME.",
    "/run/remotemedia/agent.sock",
  ),
  drain_timeout_s: setting(
    z._default(whole(0, 86_400), 30),
    "How long an agent that is told to end finishes what is in flight, in seconds.",
  ),
  log: setting(
    z._default(z.enum(["error", "warning", "info", "debug"]), "info"),
    "How much it tells on stderr.",
  ),
});

/** What the agent's file says, with every default. Paths are as they were written. */
export type AgentConfig = z.output<typeof agentConfigSchema>;
export type AgentPipeline = AgentConfig["pipelines"][string];
export type AgentIceServer = AgentConfig["ice_servers"][number];
export type AgentBroker = NonNullable<AgentConfig["broker"]>;
