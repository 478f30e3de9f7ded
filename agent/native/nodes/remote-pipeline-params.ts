// What RemotePipelineNode is called, takes and gives: the RemoteMedia SDK's params, as far as they can be honoured.
import { z } from "zod";
import type { NodeDescriptor } from "../../node/descriptor.ts";
import { payloadKinds } from "../../node/frame.ts";
import { describeParams } from "./source-params.ts";

/** Letters of a peer's name or address. Their form is checked when it is read: the full pattern has more ways through it than a manifest's check
 * would run on what strangers wrote. */
const endpoint = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9.:/_[\]-]+$/, "a peer's name, host:port, or webrtc://host:port/pipeline");

const retry = z.strictObject({
  max_retries: z.int().min(0).max(100).default(3).describe("Tries of a frame after the first."),
  backoff_ms: z
    .int()
    .min(0)
    .max(60_000)
    .default(1000)
    .describe("Milliseconds before a try at an endpoint that has failed; doubles each time."),
});

const circuitBreaker = z.strictObject({
  failure_threshold: z
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .describe("Failures in a row after which an endpoint is left alone."),
  success_threshold: z
    .int()
    .min(1)
    .max(1000)
    .default(2)
    .describe("Successes in a row after which it is trusted again."),
  reset_timeout_ms: z
    .int()
    .min(1)
    .max(3_600_000)
    .default(60_000)
    .describe("Milliseconds for which it is left alone."),
});

export const remotePipelineParams = z.strictObject({
  transport: z
    .literal("webrtc")
    .default("webrtc")
    .describe("The only way to a peer; grpc and http are refused."),
  endpoint: endpoint
    .optional()
    .describe("The peer: its name, `host:port`, or `webrtc://host:port/pipeline`."),
  endpoints: z.array(endpoint).min(1).max(64).optional().describe("Several peers, instead of `endpoint`."),
  manifest: z
    .looseObject({})
    .optional()
    .describe(
      "The pipeline that the peer runs, with one open input and open outputs. Its modules are those of this manifest.",
    ),
  pipeline_name: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z0-9._-]+$/, "letters, digits, dots, underscores and dashes")
    .optional()
    .describe("A pipeline that the peer knows by this name, instead of `manifest`."),
  timeout_ms: z
    .int()
    .min(1)
    .max(300_000)
    .default(30_000)
    .describe("Milliseconds that a frame may take, there and back, all tries together."),
  retry: retry.prefault({}).describe("What happens to a frame when its endpoint fails."),
  circuit_breaker: circuitBreaker.prefault({}).describe("When an endpoint that fails is left alone."),
  load_balance_strategy: z
    .enum(["round_robin", "least_connections", "random"])
    .default("round_robin")
    .describe("Which endpoint gets a frame, where the pipeline keeps no state; else which is taken first."),
  health_check: z
    .looseObject({})
    .optional()
    .describe("From the RemoteMedia SDK. Accepted without effect: every peer is asked four times a second."),
  metadata: z.looseObject({}).optional().describe("From the RemoteMedia SDK. For people."),
});

const any = { kinds: [...payloadKinds] };

export const remotePipelineDescriptor: NodeDescriptor = {
  name: "RemotePipelineNode",
  version: "1.0.0",
  summary: "A pipeline that runs at a peer: frames go there, what it gives comes back.",
  inputs: { in: { ...any, required: true, description: "Goes to the only open input of that pipeline." } },
  outputs: { out: { ...any, required: false, description: "What its open outputs give." } },
  params: describeParams(remotePipelineParams),
  limits: {},
  needs: {},
  stateful: true,
};
