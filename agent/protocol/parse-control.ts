// A control message out of a peer's bytes: everything in it is attacker-controlled.
import { protocolBounds } from "./bounds.ts";
import { decodeCbor } from "./cbor.ts";
import type { ControlMessage } from "./control-message.ts";
import { FieldReader, peerInvalid } from "./field-reader.ts";

/** Also of a channel's label: `stage-4294967295` is the last. */
const maxStage = 0xffff_ffff;
const maxDeadlineMs = 24 * 60 * 60 * 1000;
/** A day, in ms: nobody waits longer. */
const maxQueueMs = 24 * 60 * 60 * 1000;
const maxBlobBytes = 2 ** 40;

/** Reads one message that fills `bytes`. Unknown types and unknown fields are refused: what is new comes with a new version.
 * @throws RemoteMediaError `peer-invalid` */
export function parseControl(bytes: Uint8Array): ControlMessage {
  if (bytes.length > protocolBounds.controlBytes) throw peerInvalid("a message that is too large");
  const value = decodeCbor(bytes);
  const type = new FieldReader(value, "a message").any("type");
  if (typeof type !== "string" || !Object.hasOwn(readers, type))
    throw peerInvalid("a message of an unknown type");
  const fields = new FieldReader(value, `a message "${type}"`);
  fields.any("type");
  const message = readers[type as ControlMessage["type"]](fields);
  fields.end();
  return message;
}

const readers: { readonly [Type in ControlMessage["type"]]: (fields: FieldReader) => ControlMessage } = {
  hello: (fields) => ({
    type: "hello",
    versions: fields.wholes("versions", protocolBounds.versions, 0xffff_ffff),
    membership: fields.bytes("membership", protocolBounds.controlBytes),
    statement: fields.any("statement"),
    agent: fields.words("agent"),
  }),
  open: (fields) => ({
    type: "open",
    stage: fields.whole("stage", maxStage, 1),
    manifest: fields.text("manifest", protocolBounds.manifestBytes),
    root: fields.text("root"),
    wanted: fields.texts("wanted", protocolBounds.wanted),
    package: fields.optionalText("package"),
    deadlineMs: fields.amount("deadlineMs", maxDeadlineMs),
    path: fields.texts("path", protocolBounds.path),
    credit: fields.credit("credit"),
  }),
  ready: (fields) => ({
    type: "ready",
    stage: fields.whole("stage", maxStage, 1),
    window: fields.whole("window", 65_536, 1),
    credit: fields.credit("credit"),
  }),
  error: (fields) => ({
    type: "error",
    stage: fields.whole("stage", maxStage, 1),
    error: fields.error("error"),
  }),
  close: (fields) => ({ type: "close", stage: fields.whole("stage", maxStage, 1) }),
  load: (fields) => ({
    type: "load",
    cpu: fields.amount("cpu", 1),
    memory: fields.amount("memory", 1),
    sessions: fields.whole("sessions", 0xffff_ffff),
    queueMs: fields.amount("queueMs", maxQueueMs),
  }),
  statement: (fields) => ({ type: "statement", statement: fields.any("statement") }),
  ping: (fields) => ({ type: "ping", count: fields.whole("count") }),
  pong: (fields) => ({ type: "pong", count: fields.whole("count") }),
  "want-blob": (fields) => ({
    type: "want-blob",
    request: fields.whole("request"),
    package: fields.text("package"),
    digest: fields.text("digest"),
    offset: fields.whole("offset", maxBlobBytes),
    length: fields.whole("length", protocolBounds.blobPartBytes),
  }),
  blob: (fields) => ({
    type: "blob",
    request: fields.whole("request"),
    offset: fields.whole("offset", maxBlobBytes),
    size: fields.whole("size", maxBlobBytes),
    bytes: fields.bytes("bytes", protocolBounds.blobPartBytes),
    error: fields.optionalError("error"),
  }),
  bye: (fields) => ({ type: "bye", error: fields.error("error") }),
};
