// The failures of a call, out of what a peer sent. Whether the stage has the nodes is for its caller to see.
import type { FailureCode, NodeFailure } from "../node/failure.ts";
import { protocolBounds } from "./bounds.ts";
import { decodeCbor } from "./cbor.ts";
import { FieldReader, peerInvalid } from "./field-reader.ts";

const failureCodes: Readonly<Record<FailureCode, true>> = {
  "node-timeout": true,
  "node-fuel-exhausted": true,
  "node-trap": true,
  "node-killed": true,
  "node-bad-output": true,
  "node-output-limit": true,
  "node-invalid-params": true,
  "node-bad-input": true,
  "node-fatal": true,
  "peer-lost": true,
  "peer-deadline": true,
};

/** @throws RemoteMediaError `peer-invalid` */
export function readFailures(bytes: Uint8Array): readonly NodeFailure[] {
  const list = decodeCbor(bytes);
  if (!Array.isArray(list) || list.length > protocolBounds.failures)
    throw peerInvalid("failures that are no list of their bound");
  return list.map(readFailure);
}

function readFailure(value: unknown): NodeFailure {
  const fields = new FieldReader(value, "a failure");
  const code = fields.text("code");
  if (!Object.hasOwn(failureCodes, code)) throw peerInvalid("a failure of a code that nodes don't fail with");
  const failure = {
    node: fields.text("node"),
    nodeType: fields.text("nodeType"),
    code: code as FailureCode,
    message: fields.words("message"),
    framePts: fields.optionalWhole("framePts", Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER),
    consecutive: fields.whole("consecutive", 0xffff_ffff, 1),
  };
  fields.end();
  return failure;
}
