// RemotePipelineNode: a node whose work a named peer does. Its params, read; the composition root opens what they say.
import type { NativeNodeType } from "../node-type.ts";
import { invalidParam, readParams } from "./read-params.ts";
import { remotePipelineDescriptor, remotePipelineParams } from "./remote-pipeline-params.ts";

/** Characters: a stage's manifest may have as many bytes on the wire. */
const maxManifestLength = 128 * 1024;

export interface RemotePipeline {
  /** Names, `host:port` or addresses of peers, without the pipeline that an address may name. At least one, none twice. */
  readonly endpoints: readonly string[];
  /** What runs there: a manifest, version 1, as JSON text, or a pipeline that the peers know by name. */
  readonly source:
    | { readonly kind: "manifest"; readonly manifest: string }
    | { readonly kind: "name"; readonly name: string };
  /** Of a frame, there and back, all tries together. */
  readonly timeoutMs: number;
  /** `backoffMs` doubles with each failure of an endpoint. */
  readonly retry: { readonly maxRetries: number; readonly backoffMs: number };
  readonly breaker: {
    readonly failureThreshold: number;
    readonly successThreshold: number;
    readonly resetTimeoutMs: number;
  };
  readonly strategy: "round_robin" | "least_connections" | "random";
}

/** Neither a source nor a sink: it becomes a unit of the graph. */
export const remotePipeline: NativeNodeType = { descriptor: remotePipelineDescriptor };

/** Reads the params of a RemotePipelineNode, defaults filled in.
 * @throws RemoteMediaError `node-invalid-params`: an unknown param, no endpoint, or not exactly one pipeline */
export function parseRemotePipeline(given: Readonly<Record<string, unknown>>, node: string): RemotePipeline {
  const params = readParams(remotePipelineParams, given, node);
  const written = listEndpoints(params, node);
  const { retry, circuit_breaker: breaker } = params;
  return {
    endpoints: [...new Set(written.map((address) => address.replace(pipelineOfAddress, "$1")))],
    source: findSource(params, written, node),
    timeoutMs: params.timeout_ms,
    retry: { maxRetries: retry.max_retries, backoffMs: retry.backoff_ms },
    breaker: {
      failureThreshold: breaker.failure_threshold,
      successThreshold: breaker.success_threshold,
      resetTimeoutMs: breaker.reset_timeout_ms,
    },
    strategy: params.load_balance_strategy,
  };
}

type Params = ReturnType<typeof remotePipelineParams.parse>;

const endpointForm =
  /^(?:(?:webrtc|wss?):\/\/)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[A-Za-z0-9._-]+)?$/;
/** The address, then the pipeline. */
const pipelineOfAddress = /^((?:[a-z]+:\/\/)?[^/]+)\/([^/]+)$/;

function listEndpoints({ endpoint, endpoints }: Params, node: string): readonly string[] {
  if (endpoint !== undefined && endpoints !== undefined) {
    throw invalidParam(node, "params.endpoint", "give `endpoint` or `endpoints`, not both");
  }
  const all = endpoints ?? (endpoint === undefined ? [] : [endpoint]);
  if (all.length === 0) {
    throw invalidParam(node, "params.endpoint", "it names no peer: give `endpoint` or `endpoints`");
  }
  const odd = all.find((address) => !endpointForm.test(address));
  if (odd === undefined) return all;
  const form = "a peer's name, host:port, or webrtc://host:port/pipeline";
  throw invalidParam(node, "params.endpoint", `${JSON.stringify(odd)} is not ${form}`);
}

function findSource(
  { manifest, pipeline_name: name }: Params,
  endpoints: readonly string[],
  node: string,
): RemotePipeline["source"] {
  const named = new Set(endpoints.flatMap((address) => pipelineOfAddress.exec(address)?.[2] ?? []));
  if (name !== undefined) named.add(name);
  const [only] = named;
  if (named.size > 1 || (only !== undefined && manifest !== undefined)) {
    const all = [...(manifest === undefined ? [] : ["`manifest`"]), ...[...named].map((one) => `"${one}"`)];
    throw invalidParam(node, "params", `it names ${all.length} pipelines: ${all.join(", ")}`);
  }
  if (only !== undefined) return { kind: "name", name: only };
  if (manifest === undefined) {
    throw invalidParam(node, "params", "it names no pipeline: give `manifest` or `pipeline_name`");
  }
  const text = JSON.stringify(manifest);
  if (text.length > maxManifestLength) {
    throw invalidParam(node, "params.manifest", `it has more than ${maxManifestLength} characters`);
  }
  return { kind: "manifest", manifest: text };
}
