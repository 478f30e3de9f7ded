// JSON-RPC 2.0 as signalling speaks it: notifications that carry one sealed signal, and a question for who is known.
import { parseStrictJson, readObject } from "../trust/strict-json.ts";
import { signalMethods } from "./signal-message.ts";
import { refuseBy } from "./signed-document.ts";

/** Codes of the specification. @see https://www.jsonrpc.org/specification#error_object */
const parseError = -32700;
const invalidRequest = -32600;
const methodNotFound = -32601;

export type RpcRequest =
  | { readonly kind: "signal"; readonly envelope: string }
  | { readonly kind: "list"; readonly id: string | number }
  /** The answer to what couldn't be understood. */
  | { readonly kind: "refused"; readonly answer: string }
  /** An answer to us, or what asks for none. */
  | { readonly kind: "ignored" };

const maxBytes = 64 * 1024;
const methods: readonly string[] = Object.values(signalMethods);

export function writeSignal(method: string, envelope: string): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params: { envelope } });
}

export function writeList(id: string | number, peers: readonly { device: string; name: string }[]): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result: { peers } });
}

/** Of whoever is at the other end. Never throws. */
export function parseRequest(text: string): RpcRequest {
  const refuse = refuseBy("peer-invalid", "the message");
  let value: Readonly<Record<string, unknown>>;
  try {
    const parsed = parseStrictJson(new TextEncoder().encode(text), { maxBytes }, refuse);
    value = readObject(parsed, "a message", ["jsonrpc", "id", "method", "params", "result", "error"], refuse);
  } catch {
    return refused(null, parseError, "no JSON-RPC message");
  }
  const { jsonrpc, id, method, params } = value;
  const isId = (typeof id === "string" && id.length <= 64) || typeof id === "number";
  if (jsonrpc !== "2.0") return refused(null, invalidRequest, "JSON-RPC 2.0 is spoken here");
  if (method === undefined) return { kind: "ignored" };
  if (method === "peer.list") return isId ? { kind: "list", id } : { kind: "ignored" };
  if (typeof method !== "string" || !methods.includes(method))
    return isId ? refused(id, methodNotFound, "no such method") : { kind: "ignored" };
  const envelope =
    typeof params === "object" && params !== null && "envelope" in params ? params.envelope : undefined;
  return typeof envelope === "string"
    ? { kind: "signal", envelope }
    : refused(isId ? id : null, invalidRequest, "params.envelope is missing");
}

function refused(id: string | number | null, code: number, message: string): RpcRequest {
  return { kind: "refused", answer: JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } }) };
}
